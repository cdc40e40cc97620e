"""Structured logs: one line an entry, with request and event ids bound to the context."""

from __future__ import annotations

import logging.config
import re

import structlog

# A webhook's address holds its token; whatever reaches a log line loses it there.
TOKEN_IN_PATH = re.compile(r"(/hooks/)[A-Za-z0-9_-]{8,}")


def mask(_: object, __: str, entry: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Replace webhook tokens in any text of a log entry."""
    for key, value in entry.items():
        text = value if isinstance(value, str) else repr(value)  # a request object shows its path too
        if "/hooks/" in text:
            entry[key] = TOKEN_IN_PATH.sub(r"\1***", text)
    return entry


def logging_configuration(form: str, level: str) -> None:
    """Configure structlog and the standard library's logging alike; ``form`` is ``json`` or ``console``."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask,
    ]
    render: structlog.typing.Processor
    render = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "hub": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
                    "foreign_pre_chain": [structlog.stdlib.ExtraAdder(), *shared],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "hub"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                "django.request": {"level": "ERROR"},
                "django.security.DisallowedHost": {"level": "ERROR"},
                "axes": {"level": "WARNING"},
                "django-q": {"level": "WARNING", "handlers": [], "propagate": True},
                "urllib3": {"level": "ERROR"},
                "mail.log": {"level": "WARNING"},
            },
        }
    )
