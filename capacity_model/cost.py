"""What one delivered document costs, by line.

Prices are list prices in US dollars as known in November 2026, without taxes, discounts or free tiers. **Each is to be
checked** against the provider's own page before it is relied on: those of AWS are Mumbai's (ap-south-1) where known,
else those of Virginia, and WhatsApp's is India's rate for utility messages, by which replies are said to be charged
since October 2026.
"""

from dataclasses import dataclass
from typing import Final

REPLIES: Final = 9
POSTS: Final = 9 + 3 * REPLIES
"""What WhatsApp posts: her messages, and `sent`, `delivered`, `read` of each reply."""
JOBS: Final = REPLIES + 1
"""And one that deletes the PDF; two timers besides."""
CHARGED: Final = {
    "in-chat": 7,
    "in-chat.wish": 4,
    "consent-page": 4,
    "consent-page.wish": 2,
    "another document": 2,
    "signing out": 1,
}
"""Replies on a good path: up to the PDF, by how she signs in, from *Hi* or from her wish; and after it."""
_WAYS = {
    "in-chat": "`in-chat`, from *Hi* to the PDF: menu, account, consent, number, OTP, list, PDF",
    "in-chat.wish": "`in-chat`, from a wish or a poster: consent, number, OTP, PDF",
    "consent-page": "`consent-page`, from *Hi* to the PDF: menu, link, list, PDF",
    "consent-page.wish": "`consent-page`, from a wish or a poster: link, PDF",
    "another document": "each further document: list, PDF",
    "signing out": "signing out",
}
LOG_KILOBYTES: Final = 60
"""Assumed: lines of both functions with Lambda's own, about 1 kB an invocation."""
PRICE: Final = {
    "WhatsApp, a reply": 0.0014,
    "API Gateway, a million requests": 3.50,
    "Lambda, a million invocations": 0.20,
    "Lambda arm64, a million GB-seconds": 13.33,
    "DynamoDB, a million write units": 0.71,
    "DynamoDB, a million read units": 0.14,
    "SQS FIFO, a million requests": 0.50,
    "SQS, a million requests": 0.40,
    "KMS, a million requests": 3.00,
    "S3, a million writes": 5.00,
    "CloudWatch Logs, a million kB": 0.67,
    "data out, a million kB": 0.11,
}
"""US dollars."""


@dataclass(frozen=True)
class Line:
    """One line: how many, of what."""

    name: str
    number: float
    price: str
    how: str

    @property
    def dollars(self) -> float:
        """Return what it comes to, for a thousand documents."""
        each = PRICE[self.price] / (1 if self.price.startswith("WhatsApp") else 1_000_000)
        return 1000 * self.number * each


def lines() -> tuple[Line, ...]:
    """Return the lines of one conversation with one document, as tests/unit/test_calls.py counts it."""
    seconds = 9 * 0.06 + 27 * 0.01 + JOBS * 0.33 + 7 * 0.68
    return (
        Line("WhatsApp", REPLIES, "WhatsApp, a reply", "9 replies"),
        Line("API Gateway", POSTS, "API Gateway, a million requests", "9 messages, 27 statuses"),
        Line("Logs", LOG_KILOBYTES, "CloudWatch Logs, a million kB", "60 kB"),
        Line("Lambda, time", seconds / 2, "Lambda arm64, a million GB-seconds", f"{seconds:.1f} s of 0.5 GB"),
        Line("Lambda, invocations", POSTS + JOBS + 2, "Lambda, a million invocations", "48"),
        Line("DynamoDB, writes", 48, "DynamoDB, a million write units", "25 writes of 1 or 2 kB, 2 of them double"),
        Line(
            "DynamoDB, reads",
            20,
            "DynamoDB, a million read units",
            "20 consistent reads of up to 4 kB",
        ),
        Line("SQS", 3 * JOBS, "SQS FIFO, a million requests", "sent, received, deleted"),
        Line("SQS, polling and timers", 8, "SQS, a million requests", "2 timers"),
        Line("KMS", 10, "KMS, a million requests", "4 sealed, 6 opened"),
        Line("S3", 1.2, "S3, a million writes", "1 PDF written, read, deleted"),
        Line("Data out", 500, "data out, a million kB", "a PDF of 0.5 MB"),
    )


def table() -> str:
    """Write the lines."""
    written = ["| line | what | US$ for 1,000 documents | part |", "|---|---|---|---|"]
    total = sum(line.dollars for line in lines())
    written += [
        f"| {line.name} | {line.how} | {line.dollars:.3f} | {line.dollars / total:.0%} |"
        for line in sorted(lines(), key=lambda one: -one.dollars)
    ]
    written.append(f"| **all** | one conversation, one document | **{total:.2f}** | |")
    aws = total - next(line.dollars for line in lines() if line.name == "WhatsApp")
    written.append(f"| of it AWS | | {aws:.2f} | {aws / total:.0%} |")
    written += ["", "| way (`make bench PART=calls` counts) | replies | US$ for 1,000 times |", "|---|---|---|"]
    each = 1000 * PRICE["WhatsApp, a reply"]
    written += [f"| {_WAYS[way]} | {replies} | {replies * each:.2f} |" for way, replies in CHARGED.items()]
    return "\n".join(written)
