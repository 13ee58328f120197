"""The document function: works on the messages of the work queue, the reply queue and the timer queue."""

from typing import Any

from helpdesk.bootstrap import document, gc_frozen
from helpdesk.service.queue_consumer import QueueMessage
from helpdesk.telemetry import logger, metrics, redact_exceptions

with gc_frozen():
    handler = document.handler()


@redact_exceptions
@logger.inject_lambda_context(clear_state=True, log_event=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's face
    """Handle a batch of SQS and report those messages that are not done."""
    messages = (
        QueueMessage(
            id=record["messageId"],
            body=record["body"],
            receipt=record["receiptHandle"],
            queue_arn=record["eventSourceARN"],
            receives=int(record["attributes"]["ApproximateReceiveCount"]),
            sent_at=int(record["attributes"]["SentTimestamp"]) / 1000,
        )
        for record in event["Records"]
    )
    failed = [message.id for message in messages if not handler.handle(message)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
