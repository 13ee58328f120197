"""What a stage costs a month before a citizen has written: python -m template_checks.cost

Counted from the template as CloudFormation gets it. List prices in US dollars of November 2026, each to be checked.
"""

import json
import re
from collections.abc import Iterator

from template_checks.concrete import concrete
from template_checks.matrix import EXAMPLES
from template_checks.transform import TEMPLATE, Document, load, transform

PRICES = {
    "metrics that alarms look at": 0.10,
    "composite alarms": 0.50,
    "custom metrics, each if it is written in every hour": 0.30,
    "dashboards": 3.00,
    "keys": 1.00,
    "secrets": 0.40,
    "firewalls": 5.00,
    "rules of a firewall": 1.00,
    "thousand calls of the watch function": 0.0025,  # half a gigabyte for 0.3 seconds
    "GB of tables that can be restored": 0.20,
}
CALLS = 30 * 24 * 12 / 1000
"""Of the watch function, in thousands: one in five minutes."""
SMALLEST = {"SignIn": "in-chat", "WebAcl": "0", "GradualDeployment": "at-once"}
ALL = {"SignIn": "consent-page", "WebAcl": "2000", "GradualDeployment": "Canary10Percent15Minutes"}


def counts(stage: str, choices: dict[str, str]) -> dict[str, float]:
    """Return how many of each thing with a monthly price a stage has; a table counts as one GB."""
    parameters = EXAMPLES | choices | {"Stage": stage}
    document = concrete(transform(load(TEMPLATE.read_text()), parameters), parameters)
    resources = document["Resources"].values()
    kinds = [resource["Type"] for resource in resources]
    firewalls = [one["Properties"] for one in resources if one["Type"] == "AWS::WAFv2::WebACL"]
    recovered = [one for one in resources if "PointInTimeRecoverySpecification" in one.get("Properties", {})]
    numbers = (
        sum(len(one.get("Metrics", [one])) - ("Metrics" in one) for one in _alarms(document)),
        kinds.count("AWS::CloudWatch::CompositeAlarm"),
        len(set(_custom(document))),
        kinds.count("AWS::CloudWatch::Dashboard"),
        kinds.count("AWS::KMS::Key"),
        kinds.count("AWS::SecretsManager::Secret"),
        len(firewalls),
        sum(len(one["Rules"]) for one in firewalls),
        CALLS,
        len(recovered),
    )
    return dict(zip(PRICES, numbers, strict=True))


def _alarms(document: Document) -> Iterator[Document]:
    yield from (one["Properties"] for one in document["Resources"].values() if one["Type"] == "AWS::CloudWatch::Alarm")


def _custom(document: Document) -> list[tuple[str, str]]:
    """Return the metrics of ours that the dashboard shows, by name and service."""
    return re.findall(
        r'\["\$\{AWS::StackName\}", "(\w+)", "service", "(\w+)"', json.dumps(document).replace('\\"', '"')
    )


def table() -> str:
    """Return the table for docs/scale.md."""
    least, most = counts("dev", SMALLEST), counts("prod", ALL)
    lines = ["| what | US$ each | dev, in the chat | prod, with pages and firewall |", "|---|---|---|---|"]
    lines += [f"| {what} | {price:.4g} | {least[what]:.4g} | {most[what]:.4g} |" for what, price in PRICES.items()]
    sums = (sum(price * found[what] for what, price in PRICES.items()) for found in (least, most))
    return "\n".join([*lines, "| **US$ a month** | | " + " | ".join(f"**{one:.2f}**" for one in sums) + " |"])


if __name__ == "__main__":
    print(table())
