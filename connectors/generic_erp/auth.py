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


def header_name(settings: GenericErpSettings) -> str:
    """The header that carries the credential."""
    key = settings.key.strip()
    is_pair = settings.auth_mode != BASIC and key.lower() not in ("", "authorization")
    return key if is_pair else "Authorization"


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


def credential_forms(settings: GenericErpSettings) -> list[str]:
    """What an ERP may echo of the credential besides Token itself: the encoded pair, Token without its scheme."""
    key, token = settings.key.strip(), settings.token.strip()
    forms = [basic_credential(key, token)] if key and token else []
    scheme = next((scheme for scheme in SCHEMES if token.lower().startswith(scheme)), "")
    return [*forms, token[len(scheme) :].strip()] if scheme else forms


def credential_texts(settings: GenericErpSettings) -> list[str]:
    """Every text that must not show up in a sentence, longest first: Key, Token and their other forms.

    A Key of one to three letters is a header or user name and stands in half of all words; masking it hides nothing.
    """
    key = settings.key.strip()
    texts = {key if len(key) > 3 else "", settings.token.strip(), *credential_forms(settings)}
    return sorted((text for text in texts if text), key=len, reverse=True)
