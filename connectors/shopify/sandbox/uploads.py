"""Staged uploads and result files of the sandbox: ``POST /uploads/{token}``, ``GET /results/{token}.jsonl``.

An upload is refused unless every parameter comes as it was given, in that order, with the file last. Files lie on disk.
https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/stagedUploadsCreate (checked 2026-11-20). Not for media.
"""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.sandbox import Reply, Request
from connectors.shopify.sandbox.engine import Call

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

LARGEST = 100 * 1024 * 1024
UPLOAD_LIFE_S = 3_600.0
RESULT_LIFE_S = 7 * 86_400.0
RESOURCES = {"BULK_MUTATION_VARIABLES"}
DISPOSITION = re.compile(rb'name="([^"]*)"')


@dataclass
class Target:
    """One place to upload to, with the parameters that must come with the file."""

    parameters: list[tuple[str, str]]
    ends_at: float
    file: Path | None = None


@dataclass
class Depot:
    """The files of one sandbox, in a folder of their own that goes with it."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="shopify-sandbox-")))
    targets: dict[str, Target] = field(default_factory=dict)
    results: dict[str, float] = field(default_factory=dict)  # token to its end

    def __del__(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_result(self, now: float) -> tuple[str, Path]:
        """A token and the file to write."""
        token = secrets.token_hex(16)
        self.results[token] = now + RESULT_LIFE_S
        return token, self.folder / f"{token}.jsonl"

    def uploaded(self, path: str, now: float) -> Path | None:
        """The file that was uploaded under this value of the parameter ``key``."""
        for one in self.targets.values():
            if ("key", path) in one.parameters and one.file is not None and one.ends_at > now:
                return one.file
        return None


def _stage(call: Call, info: Any, input: list[Mapping[str, Any]]) -> Any:
    made, errors = [], []
    for place, wish in enumerate(input):
        if wish["resource"] not in RESOURCES or wish.get("httpMethod", "PUT") != "POST":
            text = "The sandbox stages BULK_MUTATION_VARIABLES by POST only."
            errors.append({"field": ["input", str(place)], "message": text})
            continue
        token = secrets.token_hex(16)
        parameters = [
            ("acl", "private"), ("key", f"tmp/{call.shop.domain}/bulk/{token}/{wish['filename']}"),
            ("Content-Type", wish["mimeType"]), ("success_action_status", "201"),
            ("policy", secrets.token_urlsafe(48)), ("x-goog-signature", secrets.token_hex(32)),
        ]  # fmt: skip
        call.here.depot.targets[token] = Target(parameters, call.now + UPLOAD_LIFE_S)
        url = f"{call.here.base_url}/uploads/{token}"
        rows = [{"name": name, "value": value} for name, value in parameters]
        made.append({"url": url, "resourceUrl": url, "parameters": rows})
    return {"stagedTargets": made, "userErrors": errors}


def _upload(sandbox: ShopifySandbox, request: Request, token: str) -> Reply:
    fault = sandbox.take_fault(request.path) if sandbox.has_fault_for("/uploads") else None
    if fault and fault["kind"] in {"403", "500", "503"}:
        return Reply(int(fault["kind"]), "<Error><Code>Refused</Code></Error>")
    target = sandbox.depot.targets.get(token)
    if request.method != "POST" or target is None:
        return Reply(404, "<Error><Code>NoSuchUpload</Code></Error>")
    if target.ends_at <= sandbox.now():
        return Reply(400, "<Error><Code>ExpiredToken</Code><Message>The policy has expired.</Message></Error>")
    if "x-shopify-access-token" in request.headers:
        return Reply(400, "<Error><Code>UnexpectedHeader</Code></Error>")
    fields = _multipart(request)
    if fields is None:
        return Reply(400, "<Error><Code>MalformedPOSTRequest</Code></Error>")
    named = [(name, content.decode("utf-8", "replace")) for name, content in fields[:-1]]
    if not fields or fields[-1][0] != "file" or named != target.parameters:
        return Reply(403, "<Error><Code>AccessDenied</Code><Message>Fields do not fit the policy.</Message></Error>")
    if len(fields[-1][1]) > LARGEST:
        return Reply(400, "<Error><Code>EntityTooLarge</Code></Error>")
    target.file = sandbox.depot.folder / f"{token}.upload"
    target.file.write_bytes(fields[-1][1])
    return Reply(201, "<PostResponse></PostResponse>")


def _multipart(request: Request) -> list[tuple[str, bytes]] | None:
    kind, _, rest = request.headers.get("content-type", "").partition(";")
    boundary = rest.partition("boundary=")[2].strip('" ').encode()
    if kind.strip() != "multipart/form-data" or not boundary:
        return None
    parts = request.body.split(b"--" + boundary)
    if len(parts) < 3 or not parts[-1].startswith(b"--"):
        return None
    fields = []
    for part in parts[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        name = DISPOSITION.search(head)
        if name is None:
            return None
        fields.append((name[1].decode(), content.removesuffix(b"\r\n")))
    return fields


def _result(sandbox: ShopifySandbox, request: Request, name: str) -> Reply:
    fault = sandbox.take_fault(request.path) if sandbox.has_fault_for("/results") else None
    if fault and fault["kind"] in {"403", "500", "503"}:
        return Reply(int(fault["kind"]), "<Error><Code>Refused</Code></Error>")
    token = name.removesuffix(".jsonl")
    if "x-shopify-access-token" in request.headers:
        return Reply(400, "<Error><Code>UnexpectedHeader</Code></Error>")
    if request.method != "GET" or sandbox.depot.results.get(token, 0.0) <= sandbox.now():
        return Reply(403, "<Error><Code>AccessDenied</Code><Message>Request has expired.</Message></Error>")
    return Reply(200, sandbox.depot.folder / f"{token}.jsonl", {"Content-Type": "application/jsonl"})


MUTATIONS: dict[str, Callable[..., Any]] = {"stagedUploadsCreate": _stage}
PATHS = {"uploads": _upload, "results": _result}
