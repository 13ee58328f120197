"""What a flood costs in a day: from one phone that writes without a pause, and of calls that nobody signed.

`python -m capacity_model.flood` prints it. Prices as in capacity_model/cost.py, each to be checked.
"""

from typing import Final

from capacity_model.cost import PRICE
from helpdesk.conversation.model import Rules

RUPEES: Final = 0.115 / PRICE["WhatsApp, a reply"]
"""For a dollar, as the price of a reply has it."""
MESSAGES: Final = 30 * 60 * 24
SECONDS: Final = 0.02
"""Assumed for a call that only reads and answers nothing; an unsigned one does less."""
LOG_KILOBYTES: Final = 1.0
"""Assumed: Lambda's own lines and one metric."""
READ_UNITS: Final = 2
"""For an item of 8 kB, consistently: that of somebody who used all that she may."""
ANSWERED_WRITE_UNITS, ANSWERED_CALLS = 12, 6
"""Of the table for a message that is answered, and of the queue."""


def _million(price: str, number: float) -> float:
    return number * PRICE[price] / 1_000_000


def call() -> float:
    """Return the dollars that any call of the webhook costs, before it does anything."""
    return (
        _million("API Gateway, a million requests", 1)
        + _million("Lambda, a million invocations", 1)
        + _million("Lambda arm64, a million GB-seconds", SECONDS / 2)
        + _million("CloudWatch Logs, a million kB", LOG_KILOBYTES)
    )


def phone() -> dict[str, float]:
    """Return what one phone costs in a day that writes 30 messages a minute, in rupees, by line."""
    replies = Rules().replies.day
    answered = (
        3 * call()  # three statuses
        + 2 * call()  # the job, with more time
        + _million("DynamoDB, a million write units", ANSWERED_WRITE_UNITS)
        + _million("SQS FIFO, a million requests", ANSWERED_CALLS)
    )
    return {
        "replies that WhatsApp charges for": replies * PRICE["WhatsApp, a reply"] * RUPEES,
        "messages that come in": MESSAGES * call() * RUPEES,
        "one read for each": _million("DynamoDB, a million read units", MESSAGES * READ_UNITS) * RUPEES,
        "other costs of the answered messages": replies * answered * RUPEES,
    }


def table() -> str:
    """Return the lines for docs/scale.md."""
    lines = phone()
    rows = [f"| {name} | {rupees:.2f} |" for name, rupees in lines.items()]
    unsigned = 1_000_000 * call() * RUPEES
    return "\n".join(
        [
            f"| one phone, {MESSAGES:,} messages in a day | ₹ |",
            "|---|---|",
            *rows,
            f"| **all** | **{sum(lines.values()):.2f}** |",
            f"| for comparison: a million unsigned calls | {unsigned:.0f} |",
        ]
    )


if __name__ == "__main__":
    print(table())
