"""Secrets at rest: AES-256-GCM with a ring of keys apart from ``SECRET_KEY``.

A stored secret is ``<key id>:<base64 of nonce and ciphertext>``, bound to its row and name, so that a value copied into
another row does not decrypt. The ring's first key encrypts, all decrypt. What does not decrypt raises; nothing is
guessed.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

NONCE_BYTES = 12
KEY_BYTES = 32


class UndecryptableSecret(Exception):
    """No key of the ring opens the stored value; the text says which key it asks for, never the value."""


@lru_cache(maxsize=8)
def _ring(entries: tuple[str, ...]) -> dict[str, AESGCM]:
    ring: dict[str, AESGCM] = {}
    for entry in entries:
        key_id, _, encoded = entry.partition(":")
        if key_id in ring:
            raise ImproperlyConfigured(f"HUB_SECRET_KEYS names the key “{key_id}” twice.")
        try:
            key = _decoded(encoded)
            if len(key) != KEY_BYTES:
                raise ValueError("not 32 bytes")
            ring[key_id] = AESGCM(key)
        except (binascii.Error, ValueError) as error:
            raise ImproperlyConfigured(
                "HUB_SECRET_KEYS must be a comma-separated list of id:base64 pairs of 32-byte keys."
            ) from error
    if not ring or not all(ring):
        raise ImproperlyConfigured("HUB_SECRET_KEYS holds no usable key.")
    return ring


def _keys() -> dict[str, AESGCM]:
    return _ring(tuple(settings.HUB_SECRET_KEYS))


def current_key_id() -> str:
    return next(iter(_keys()))


def encrypt(value: str, context: str) -> str:
    """The stored form of a secret; ``context`` names its row and setting."""
    key_id = current_key_id()
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = nonce + _keys()[key_id].encrypt(nonce, value.encode(), context.encode())
    return f"{key_id}:{base64.urlsafe_b64encode(sealed).decode()}"


def decrypt(stored: str, context: str) -> str:
    """The secret. Raises ``UndecryptableSecret``."""
    key_id, _, encoded = stored.partition(":")
    key = _keys().get(key_id)
    if key is None:
        raise UndecryptableSecret(f"The secret was encrypted with key “{key_id}”, which is not in HUB_SECRET_KEYS.")
    try:
        sealed = _decoded(encoded)
        return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise UndecryptableSecret(f"The secret does not open with key “{key_id}”: it was altered or moved.") from error


def _decoded(encoded: str) -> bytes:
    """Strictly: the usual decoder skips what is no base64, so that an altered value could pass for the original."""
    return base64.b64decode(encoded.encode("ascii"), altchars=b"-_", validate=True)


def key_id_of(stored: str) -> str:
    return stored.partition(":")[0]
