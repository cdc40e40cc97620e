"""Bodies and requests as people read them: indented, cut on screen, masked for those who may not see personal data."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from events import bodies, sheets
from events.models import Event, RelatedRequest
from events.sheets import Sheet

INLINE_LIMIT = 256 * 1024  # bytes of a body that are written into the page; the rest is fetched when it is wanted
CUT_AT = 64 * 1024  # what is written of a longer one
BYTES_SHOWN = 2048  # of a body that is no text
CURL_LIMIT = 100 * 1024
MASK = "***"
DEEPEST = 400  # levels of nesting that are still indented
TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
OPENING, CLOSING, SEPARATORS = ("{", "["), ("}", "]"), (":", ",")
DROPPED_HEADERS = frozenset({"host", "content-length", "accept-encoding", "connection", "transfer-encoding"})


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One body on a page. ``text`` is the whole of it unless ``is_shortened``."""

    part: str
    text: str = ""
    size: int = 0
    is_json: bool = False
    is_binary: bool = False
    is_shortened: bool = False
    is_masked: bool = False
    sheet: Sheet | None = None

    @property
    def is_empty(self) -> bool:
        return not self.text and not self.is_masked


def indented(text: str) -> str:
    """JSON text with line breaks and indents; every number and string keeps its spelling, doubled keys stay doubled."""
    pieces: list[str] = []
    depth = 0
    last = ""
    for match in TOKENS.finditer(text):
        piece = match.group()
        if piece in CLOSING:
            depth -= 1
            pieces.append(piece if last in OPENING else "\n" + "  " * depth + piece)
        else:
            if last in OPENING:
                pieces.append("\n" + "  " * depth)
            if piece in SEPARATORS:
                pieces.append(": " if piece == ":" else ",\n" + "  " * depth)
            else:
                pieces.append(piece)
            if piece in OPENING:
                depth += 1
                if depth > DEEPEST:
                    return text
        last = piece
    return "".join(pieces)


def body(part: str, content: bytes | None, *, may_see: bool, tones: Mapping[str, str] | None = None) -> Shown:
    """What a page shows of one stored body; ``tones``: of the cells of a table."""
    if not content:
        return Shown(part=part)
    if not may_see:
        return Shown(part=part, size=len(content), is_masked=True)
    is_shortened = len(content) > INLINE_LIMIT
    head = content[:CUT_AT] if is_shortened else content
    try:
        text = head.decode("utf-8", "ignore" if is_shortened else "strict")
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text:
        first = content[:BYTES_SHOWN]
        return Shown(
            part=part, text=hexdump(first), size=len(content), is_binary=True, is_shortened=len(content) > len(first)
        )
    is_json = text.lstrip()[:1] in ("{", "[")
    if is_json and not is_shortened:
        try:
            json.loads(text)
            text = indented(text)
        except (ValueError, RecursionError):
            is_json = False
    is_table = file_kind(part, content) == "csv"
    sheet = sheets.read(text.rpartition("\n")[0] if is_shortened else text, tones or {}) if is_table else None
    return Shown(part=part, text=text, size=len(content), is_json=is_json, is_shortened=is_shortened, sheet=sheet)


def file_kind(part: str, content: bytes) -> str:
    """The ending of a body's file. What a provider shows as an object and is no JSON is a table, if its lines have cells."""
    if content.lstrip()[:1] in (b"{", b"["):
        return "json"
    first = content.split(b"\n", 1)[0]
    return "csv" if part == "object" and b"," in first and not first.lstrip().startswith(b"<") else "txt"


def hexdump(content: bytes) -> str:
    """Bytes that are no text, sixteen a line."""
    lines = []
    for start in range(0, len(content), 16):
        row = content[start : start + 16]
        printable = "".join(chr(one) if 32 <= one < 127 else "·" for one in row)
        lines.append(f"{start:06x}  {row.hex(' '):<47}  {printable}")
    return "\n".join(lines)


def object_payload(event: Event) -> tuple[str, bytes | None]:
    """(part, content) of the business object: as it was read from its source, else as it was delivered."""
    for part in ("object", "payload"):
        content = bodies.read(event.pk, part, event.received_at)
        if content:
            return part, content
    return "payload", None


def event_data(content: bytes | None) -> dict[str, object]:
    """The ``event_data`` of a lookup, the trace id also under EvolutionX's name for it; empty where there is none."""
    try:
        stored = json.loads(content or b"{}").get("event_data")
    except (ValueError, AttributeError, RecursionError):
        return {}
    found: dict[str, object] = {}
    for name, value in stored.items() if isinstance(stored, dict) else ():
        found[name] = value
        if name == "trace_id":
            found.setdefault("evoxlogger_trace_id", value)
    return found


def masked_url(url: str) -> str:
    """An address without the values of its query: they may name a person."""
    parts = urlsplit(url)
    if not parts.query:
        return url
    names = [(name, MASK) for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    return urlunsplit(parts._replace(query=urlencode(names, safe="*")))


def curl(request: RelatedRequest, content: bytes | None) -> str:
    """The request as a command to paste; secrets were redacted when it was stored, and are to be put in by hand."""
    lines = ["curl", "-X", shlex.quote(request.method), shlex.quote(request.endpoint)]
    command = " ".join(lines)
    for name, value in request.request_headers.items():
        if name.lower() in DROPPED_HEADERS:
            continue
        shown = f"<your {name}>" if MASK in str(value) else value
        command += f" \\\n  -H {shlex.quote(f'{name}: {shown}')}"
    if content:
        if len(content) > CURL_LIMIT or b"\x00" in content:
            command += " \\\n  --data-binary @body.json"
        else:
            command += f" \\\n  --data-raw {shlex.quote(content.decode('utf-8', 'replace'))}"
    return command
