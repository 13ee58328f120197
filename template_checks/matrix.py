"""Which deployments are checked: the graph in all that conditions tell apart, each pair of values by linters."""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence

from template_checks.conditions import Combinations, parameters_of, truths
from template_checks.graph import Graph
from template_checks.rules import faults_of_order
from template_checks.transform import Document, transform

Parameters = dict[str, str]

EXAMPLES: Parameters = {
    "AlarmEmail": "alarms@example.org",
    "CertificateArn": "arn:aws:acm:ap-south-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
    "CodeSigningConfigArn": "arn:aws:lambda:ap-south-1:123456789012:code-signing-config:csc-0123456789abcdef0",
    "Department": "Department of Information Technology",
    "DigiLockerVersion": "2.4",
    "DomainName": "webhook.example.gov.in",
    "Grievance": "grievance@example.gov.in",
    "InChatApproval": "Letter 7 of the Authority",
    "MaximumConcurrency": "50",
    "MutualTls": "s3://certificates/meta-ca.pem",
    "OwnershipCertificateArn": "arn:aws:acm:ap-south-1:123456789012:certificate/87654321-4321-4321-4321-210987654321",
    "TruststoreVersion": "3HL4kqtJvjVBH40Nrjfkd",
    "PermissionsBoundary": "arn:aws:iam::123456789012:policy/bounds",
    "PrivacyPage": "https://example.gov.in/privacy",
    "HostedZoneId": "Z0123456789ABCDEFGHIJ",
    "PagesDomain": "desk.example.gov.in",
    "PageTarget": "arn:aws:sns:ap-south-1:123456789012:on-call",
    "PublicUrl": "https://desk.example.gov.in",
    "ReplyConcurrency": "20",
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
        self.combinations = Combinations(document, examples)
        self.pairwise = [self.combinations.parameters(row) for row in pairwise(self.combinations.rows)]
        self._read_by_sam: list[str] = []
        self._sam_is_known = False
        self._transformed: dict[tuple[str, ...], Document] = {}

    def transformed(self, parameters: Mapping[str, str]) -> Document:
        """Return the template as SAM transforms it for these values: once for all that SAM does not tell apart."""
        if not self._sam_is_known:
            self._sam_is_known = True
            self._find_what_sam_reads()
        key = tuple(parameters[name] for name in self._read_by_sam)
        if key not in self._transformed:
            self._transformed[key] = transform(self._document, parameters)
        return self._transformed[key]

    def refused(self) -> dict[str, list[Parameters]]:
        """Return why CloudFormation would refuse a combination, or AWS while it carries it out, and where."""
        judged: dict[tuple[str, ...], list[str]] = {}
        refused: dict[str, list[Parameters]] = {}
        telling = [self.combinations.names.index(name) for name in self._telling()]
        graphs: dict[int, Graph] = {}
        for row in self.combinations.rows:
            seen = tuple(row[number] for number in telling)
            if seen not in judged:
                parameters = self.combinations.parameters(row)
                transformed = self.transformed(parameters)
                graph = graphs.get(id(transformed)) or graphs.setdefault(id(transformed), Graph(transformed))
                truth = truths(self._document, parameters)
                judged[seen] = graph.faults(truth) or faults_of_order(graph, truth)
            for fault in judged[seen]:
                refused.setdefault(fault, []).append(self.combinations.parameters(row))
        return refused

    def _telling(self) -> list[str]:
        """Return the parameters that make a difference to what exists, what it names, or what SAM makes of it."""
        conditions: set[str] = set()
        for parameters in self.pairwise:
            conditions.update(Graph(self.transformed(parameters)).conditions)
        telling = parameters_of(self._document, conditions) | set(self._read_by_sam)
        if telling & self.combinations.aside:
            raise AssertionError(f"SAM makes a difference of {sorted(telling & self.combinations.aside)}")
        return sorted(telling)

    def _find_what_sam_reads(self) -> None:
        """Find the parameters whose values SAM resolves: a change of one of them alone changes what it makes."""
        values = {
            name: sorted({row[number] for row in self.combinations.rows})
            for number, name in enumerate(self.combinations.names)
        }
        for base in self.pairwise:
            # What SAM reads can hang on other values: a version takes over gradually at some stages only.
            unchanged = transform(self._document, base)
            if base is not self.pairwise[0] and self.transformed(base) == unchanged:
                continue
            found = {
                name
                for name, others in values.items()
                if any(transform(self._document, base | {name: value}) != unchanged for value in others)
            }
            self._read_by_sam = sorted({*self._read_by_sam, *found})
            self._transformed.clear()
            if self.transformed(base) != unchanged:
                raise AssertionError(f"SAM reads more than {self._read_by_sam}, for instance with {base}")


Row = tuple[str, ...]
Pair = tuple[int, str, int, str]


def pairwise(rows: Sequence[Row], *, tries: int = 2000) -> list[Row]:
    """Return few of the rows that together have every pair of values, in two columns, that any of the rows has."""
    chance = random.Random(0)  # noqa: S311 - the same rows each time
    sample = chance.sample(rows, min(tries, len(rows)))
    columns = list(zip(*rows, strict=True))
    uncovered: set[Pair] = set()
    for one, other in itertools.combinations_with_replacement(range(len(columns)), 2):
        found = set(zip(columns[one], columns[other], strict=True))
        uncovered.update((one, value, other, another) for value, another in found)
    chosen: list[Row] = []
    while uncovered:
        one, value, other, another = min(uncovered)
        having = [row for row in sample if (row[one], row[other]) == (value, another)]
        candidates = having or [next(row for row in rows if (row[one], row[other]) == (value, another))]
        best = max(candidates, key=lambda row: sum(pair in uncovered for pair in pairs(row)))
        uncovered.difference_update(pairs(best))
        chosen.append(best)
    return chosen or list(rows[:1])


def pairs(row: Row) -> Iterator[Pair]:
    """Yield every pair of values with their columns, and every single one as a pair with itself."""
    for one, other in itertools.combinations_with_replacement(range(len(row)), 2):
        yield one, row[one], other, row[other]
