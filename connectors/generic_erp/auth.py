"""How Key and Token travel. Articles 8966205 for the pair, 7282926 for this app (reference checked 2026-11-20)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from connectors.exceptions import ConfigurationError
from connectors.generic_erp.forms import header_name_problem

if TYPE_CHECKING:
    from connectors.generic_erp.settings import GenericErpSettings

BASIC = "basic"
HEADER_PAIR = "header_pair"
SCHEMES = ("bearer ", "basic ", "token ", "digest ")


def auth_headers(settings: GenericErpSettings) -> dict[str, str]:
    """The credential's header, or none where Token is blank (the ERP may be protected by other means).

    Key is a header name and Token its value; ``Authorization`` (or a blank Key) gets ``Bearer `` in front unless Token
    brings a scheme of its own. ``basic`` is the other reading of the article: user name and password. Raises
    ``ConfigurationError`` for a Key that is no header name: the form refuses it, an old row may still have it.
    """
    key, token = settings.key.strip(), settings.token.strip()
    if not token:
        return {}
    if settings.auth_mode == BASIC:
        return {"Authorization": f"Basic {basic_credential(key, token)}"}
    if key.lower() in ("", "authorization"):
        return {"Authorization": token if token.lower().startswith(SCHEMES) else f"Bearer {token}"}
    problem = header_name_problem(key)
    if problem:
        raise ConfigurationError(problem)
    return {key: token}


def basic_credential(key: str, token: str) -> str:
    return base64.b64encode(f"{key}:{token}".encode()).decode("ascii")


def credential_texts(settings: GenericErpSettings) -> list[str]:
    """Every text that must not show up in a sentence, longest first: Key, Token and the encoded pair.

    A Key of one to three letters is a header or user name and stands in half of all words; masking it hides nothing.
    """
    key, token = settings.key.strip(), settings.token.strip()
    texts = {key if len(key) > 3 else "", token}
    if key and token:
        texts.add(basic_credential(key, token))
    return sorted((text for text in texts if text), key=len, reverse=True)
