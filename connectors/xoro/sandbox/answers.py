"""How the tenant answers: its envelope, and everything that may come instead of one."""

from __future__ import annotations

from typing import Any

from connectors.sandbox import Reply

SERVER_ERROR = {"Message": "An error has occurred."}
LOGIN_PAGE = "<html><head><title>Sign in</title></head><body>Please sign in.</body></html>"


def enveloped(data: Any, *, message: str = "", code: int = 0) -> Reply:
    return Reply(
        body={
            "ConfirmFlag": False,
            "Data": data,
            "EndRequest": True,
            "ErrorCode": code,
            "Exceptions": None,
            "Message": message,
            "MetaData": "",
            "Result": code == 0,
        }
    )


def throttled() -> Reply:
    """Success in HTTP, ``Result`` false, no data and no reason; an honest emptiness may look the same."""
    reply = enveloped([])
    reply.body["Result"] = False
    reply.journal = {"throttled": True}
    return reply


def early(kind: str) -> Reply | None:
    """The answer of a fault that comes before anything is done."""
    if kind.startswith("http500"):
        return Reply(500, SERVER_ERROR)
    if kind == "throttle":
        return throttled()
    if kind == "http429":
        return Reply(429, {"Message": "Too many requests."}, {"Retry-After": "1"})
    if kind == "non_json":
        return Reply(200, LOGIN_PAGE)
    if kind == "login_redirect":
        return Reply(302, "", {"Location": "/Authentication/login.aspx"})
    return None
