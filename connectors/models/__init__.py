"""What an administrator installs, where records go, who may use the hub, and what the hub keeps on the way."""

from connectors.models.access import ApiAllowance, ApiKey, GrantedPermission, Profile
from connectors.models.confirmation import Confirmation, NameCheck, NameResult
from connectors.models.connector import Breaker, BreakerState, Bucket, Connector, ConnectorQuerySet, new_token
from connectors.models.kept import Batch, BatchState, Credential, DirectoryEntry, Figure, Notice
from connectors.models.quote import Quote
from connectors.models.route import Link, LinkState, Mapping, Plan, Route

__all__ = [
    "ApiAllowance",
    "ApiKey",
    "Batch",
    "BatchState",
    "Breaker",
    "BreakerState",
    "Bucket",
    "Confirmation",
    "Connector",
    "ConnectorQuerySet",
    "Credential",
    "DirectoryEntry",
    "Figure",
    "GrantedPermission",
    "Link",
    "LinkState",
    "Mapping",
    "NameCheck",
    "NameResult",
    "Notice",
    "Plan",
    "Profile",
    "Quote",
    "Route",
    "new_token",
]
