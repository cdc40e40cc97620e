"""Invoices in place of sales orders: usual for sales at a counter. The route is our assumption, so nothing is sent before
it was found: asked by the wrong method, a route that exists says so, and nothing is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.exceptions import ConfigurationError

if TYPE_CHECKING:
    from connectors.run import Run

FOUND = "invoice_route"
WRONG_METHOD = 405


def check_route(run: Run) -> str:
    """Raises ``ConfigurationError`` where the tenant has no route for invoices. What was found once is remembered."""
    method, path = run.client.routes["create_invoice"]
    if run.checkpoint.get(FOUND) == path:
        return f"Invoices can be created: {method} {path}."
    try:
        run.client.ask("create_invoice")
    except ConfigurationError as error:
        if error.status != WRONG_METHOD:
            raise ConfigurationError(
                f"Xoro has no route to create invoices ({path}), and orders are to become invoices.",
                code="no_invoice_route",
                next_step="Let orders become sales orders on the connector's page, or ask Xoro for the route and enter "
                "it under “Other routes”; then press Retry.",
                status=error.status,
            ) from error
    if run.connector.pk:
        run.save_checkpoint(**{FOUND: path})
    return f"Xoro knows the route for invoices ({path}); whether one can be created shows only with the first."
