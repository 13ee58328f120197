"""Which deployments are checked: the graph in all that conditions tell apart, each pair of values by linters."""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence

from template_checks.conditions import combinations, compared_values, truths
from template_checks.graph import Graph
from template_checks.rules import faults_of_order
from template_checks.transform import Document, transform

Parameters = dict[str, str]

EXAMPLES: Parameters = {
    "AlarmEmail": "alarms@example.org",
    "CertificateArn": "arn:aws:acm:ap-south-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
    "DigiLockerVersion": "2.4",
    "DomainName": "webhook.example.gov.in",
    "InChatApproval": "Letter 7 of the Authority",
    "MutualTls": "s3://certificates/meta-ca.pem",
    "PublicUrl": "https://desk.example.gov.in",
    "WebAcl": "2000",
    "WebhookConcurrency": "100",
    "WhatsAppNumber": "919013151515",
    "WhatsAppPhoneNumberId": "100000000000001",
}
"""A value for each parameter that has no default or whose default stands for "none"."""


class Matrix:
    """The combinations of a template's parameters, and what is wrong with them."""

    def __init__(self, document: Document, examples: Mapping[str, str] = EXAMPLES) -> None:
        self._document = document
        self.combinations = list(combinations(document, examples))
        self.varied = list(compared_values(document, document.get("Conditions", {})))
        self._read_by_sam: list[str] = []
        self._transformed: dict[tuple[str, ...], Document] = {}
        self.pairwise = pairwise(self.combinations, self.varied)

    def transformed(self, parameters: Mapping[str, str]) -> Document:
        """Return the template as SAM transforms it for these values: once for all that SAM does not tell apart."""
        key = self._key(parameters)
        if key not in self._transformed:
            self._transformed[key] = transform(self._document, parameters)
        return self._transformed[key]

    def refused(self) -> list[tuple[Parameters, list[str]]]:
        """Return each combination that CloudFormation would refuse, or carry out in an order that fails, and why."""
        self._find_what_sam_reads()
        graphs: dict[tuple[str, ...], Graph] = {}
        known: dict[tuple[tuple[str, ...], tuple[bool, ...]], list[str]] = {}
        refused = []
        for parameters in self.combinations:
            key = self._key(parameters)
            if key not in graphs:
                graphs[key] = Graph(self.transformed(parameters))
            truth = truths(self._document, parameters)
            seen = (key, tuple(truth[name] for name in graphs[key].conditions))
            if seen not in known:
                known[seen] = graphs[key].faults(truth) or faults_of_order(graphs[key], truth)
            if known[seen]:
                refused.append((parameters, known[seen]))
        return refused

    def _key(self, parameters: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(parameters[name] for name in self._read_by_sam)

    def _find_what_sam_reads(self) -> None:
        """Find the parameters whose values SAM resolves: a change of one of them alone changes what it makes."""
        # Where everything optional is there, or nothing is.
        for base in (self.pairwise[0], self.pairwise[-1]):
            unchanged = transform(self._document, base)
            for name in self.varied:
                values = {one[name] for one in self.combinations} - {base[name]}
                if any(transform(self._document, base | {name: value}) != unchanged for value in sorted(values)):
                    self._read_by_sam.append(name)
        self._read_by_sam = sorted(set(self._read_by_sam))
        for parameters in self.pairwise:
            if self.transformed(parameters) != transform(self._document, parameters):
                raise AssertionError(f"SAM reads more than {self._read_by_sam}, for instance with {parameters}")


def pairwise(rows: Sequence[Parameters], names: Sequence[str], *, tries: int = 100) -> list[Parameters]:
    """Return few of the rows that together have every pair of values, of two parameters, that any of the rows has."""
    chance = random.Random(0)  # noqa: S311 - the same rows each time
    uncovered: dict[tuple[str, str, str, str], list[int]] = {}
    for number, row in enumerate(rows):
        for pair in pairs(row, names):
            uncovered.setdefault(pair, []).append(number)
    chosen = []
    while uncovered:
        rarest = min(uncovered, key=lambda pair: len(uncovered[pair]))
        numbers = uncovered[rarest]
        candidates = [rows[number] for number in chance.sample(numbers, min(tries, len(numbers)))]
        best = max(candidates, key=lambda row: sum(pair in uncovered for pair in pairs(row, names)))
        for pair in pairs(best, names):
            uncovered.pop(pair, None)
        chosen.append(best)
    return chosen or list(rows[:1])


def pairs(row: Parameters, names: Sequence[str]) -> Iterator[tuple[str, str, str, str]]:
    """Give every pair of parameters with their values, and every single one as a pair with itself."""
    for one, other in itertools.combinations_with_replacement(names, 2):
        yield one, row[one], other, row[other]
