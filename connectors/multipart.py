"""A form with one large file, sent from disk in blocks: its size is known, its content is never in memory."""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator, Sequence
from typing import BinaryIO

BLOCK = 64 * 1024


class Form:
    """``multipart/form-data`` with ``fields`` in the order given and the file last, under the name ``file``."""

    def __init__(self, fields: Sequence[tuple[str, str]], file: BinaryIO, *, filename: str, kind: str) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self.fields = list(fields)
        self.filename = filename
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_plain(name)}"\r\n\r\n{value}\r\n'
            for name, value in fields
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_plain(filename)}"\r\n'
            f"Content-Type: {kind}\r\n\r\n"
        )
        self._parts: list[BinaryIO] = [
            io.BytesIO("".join(parts).encode()), file, io.BytesIO(f"\r\n--{boundary}--\r\n".encode()),
        ]  # fmt: skip
        self.file_size = file.seek(0, io.SEEK_END)
        self._sizes = [part.seek(0, io.SEEK_END) for part in self._parts]

    def __len__(self) -> int:
        return sum(self._sizes)

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            part.seek(0)
            while block := part.read(BLOCK):
                yield block

    def shown(self) -> bytes:
        """What is kept of it for people: the names of the fields and the size of the file. Values may be credentials."""
        names = ", ".join(name for name, _ in self.fields)
        return f"A form with the fields {names} and the file {self.filename} of {self.file_size:,} bytes.".encode()


def _plain(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
