"""Called every five minutes: calls the public addresses as a stranger does, and counts whether they answer so."""

import os

from helpdesk.telemetry import count, logger, metrics, redact_exceptions
from helpdesk.trial import is_reached


@redact_exceptions
@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics
def lambda_handler(event: object, context: object) -> None:  # noqa: ARG001 - Lambda's face
    """Count it if the addresses were reached; silence sets off the same alarm."""
    addresses = (os.environ[f"{name}_URL"] for name in ("WEBHOOK", "PAGES", "FORM"))
    if is_reached(*addresses, mutual_tls=os.environ["MUTUAL_TLS"] != ""):
        count("Reached")
    else:
        logger.error("the public address does not answer as it must")
