"""What a delivery to the provider of the process tests looks like on the wire."""

from __future__ import annotations

import base64
import hmac

SIGNATURE, TOPIC, DELIVERY = "x-crash-signature", "x-crash-topic", "x-crash-delivery"


def signed(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
