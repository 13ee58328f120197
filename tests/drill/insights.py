"""As much of CloudWatch Logs Insights as the saved query *errors-of-the-last-hour* asks for, over a local stack's logs.

    filter F in ["A", "B"] or @message like /pattern/
    | stats count(*) as N, count_distinct(F) as N, min(@timestamp) as N, max(@timestamp) as N by F, F
    | sort N desc
    | limit 100

What else a query may say is refused: a drill that leaves out half of a command shows nothing.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

type Row = dict[str, Any]

_FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "count_distinct": lambda values: len({value for value in values if value is not None}),
    "min": min,
    "max": max,
}


class NotUnderstoodError(ValueError):
    """The query says something that is not in the module's text."""


def rows_of(events: Iterable[tuple[float, str]]) -> Iterator[Row]:
    """Make rows of log events, as (seconds, line): the fields of a line of JSON are the row's."""
    for at, line in events:
        fields = json.loads(line) if line.lstrip().startswith("{") else {}
        yield {**fields, "@timestamp": at, "@message": line}


def run(query: str, rows: Iterable[Row]) -> list[Row]:
    """Return what a query finds in rows."""
    found = list(rows)
    for command in query.split("\n|"):
        verb, _, rest = command.strip().partition(" ")
        if verb not in _VERBS:
            raise NotUnderstoodError(command)
        found = _VERBS[verb](" ".join(rest.split()), found)
    return found


def _filter(text: str, rows: list[Row]) -> list[Row]:
    return [row for row in rows if any(_holds(condition, row) for condition in text.split(" or "))]


def _holds(condition: str, row: Row) -> bool:
    if listed := re.fullmatch(r"(\S+) in (\[.*\])", condition):
        return row.get(listed[1]) in json.loads(listed[2])
    if like := re.fullmatch(r"(\S+) like /(.*)/", condition):
        return re.search(like[2], str(row.get(like[1], ""))) is not None
    raise NotUnderstoodError(condition)


def _stats(text: str, rows: list[Row]) -> list[Row]:
    wanted, _, by = text.partition(" by ")
    names = by.split(", ")
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(name) for name in names), []).append(row)
    return [
        {**dict(zip(names, values, strict=True)), **dict(_reckoned(one, of) for one in wanted.split(", "))}
        for values, of in groups.items()
    ]


def _reckoned(text: str, rows: list[Row]) -> tuple[str, Any]:
    said = re.fullmatch(r"(\w+)\((\S+)\) as (\w+)", text)
    if said is None or said[1] not in _FUNCTIONS:
        raise NotUnderstoodError(text)
    return said[3], _FUNCTIONS[said[1]]([row.get(said[2]) for row in rows])


def _sort(text: str, rows: list[Row]) -> list[Row]:
    name, _, order = text.partition(" ")
    return sorted(rows, key=lambda row: row[name], reverse=order == "desc")


def _limit(text: str, rows: list[Row]) -> list[Row]:
    return rows[: int(text)]


_VERBS: dict[str, Callable[[str, list[Row]], list[Row]]] = {
    "filter": _filter,
    "stats": _stats,
    "sort": _sort,
    "limit": _limit,
}
