"""A model of DynamoDB tables, with as much of its expressions as the functions use. What it does not know, it refuses.

Its behaviour is checked against moto's in `test_table.py`.
"""

import marshal
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

LARGEST_ITEM = 400 * 1024
"""Bytes of an item, names included (Developer Guide, "Service quotas")."""

type Item = dict[str, Any]
type Request = dict[str, Any]
type Key = tuple[str, str, str]
"""An item's table, conversation and part."""

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "<>": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


class NotModelled(AssertionError):
    """The functions have begun to use something of DynamoDB that this model does not know: teach it."""


class Tables:
    """Tables, as a client of DynamoDB sees them. Their key: `conversation` + `part`."""

    def __init__(self) -> None:
        self._items: dict[Key, Item] = {}

    def sweep(self, now: float) -> None:
        """Delete what is past its time: DynamoDB does so within a few days, when it likes."""
        self._items = {key: item for key, item in self._items.items() if _end(item) > now}

    def query(self, **request: Any) -> dict[str, Any]:
        """Return the items of one conversation: all, or those whose part has a name, or lies between two."""
        condition, values = request["KeyConditionExpression"], request["ExpressionAttributeValues"]
        one = re.fullmatch(r"\S+ = (:\w+) AND \S+ = (:\w+)", condition)
        some = re.fullmatch(r"\S+ = (:\w+) AND \S+ BETWEEN (:\w+) AND (:\w+)", condition)
        if one:
            conversation, low, high = (values[one[group]]["S"] for group in (1, 2, 2))
        elif some:
            conversation, low, high = (values[some[group]]["S"] for group in (1, 2, 3))
        elif every := re.fullmatch(r"\S+ = (:\w+)", condition):
            conversation, low, high = values[every[1]]["S"], "", chr(0x10FFFF)
        else:
            raise NotModelled(condition)
        of_it = (request["TableName"], conversation)
        keys = sorted(key for key in self._items if key[:2] == of_it and low <= key[2] <= high)
        return {"Items": [_copied(self._items[key]) for key in keys[: request.get("Limit")]]}

    def scan(self, **request: Any) -> dict[str, Any]:
        """Return everything in a table."""
        keys = sorted(key for key in self._items if key[0] == request["TableName"])
        return {"Items": [_copied(self._items[key]) for key in keys]}

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Return one item, if it is there."""
        item = self._items.get(_key(request))
        return {"Item": _copied(item)} if item is not None else {}

    def put_item(self, **request: Any) -> dict[str, Any]:
        """Write an item. Raises ClientError."""
        self._check(request, "PutItem")
        self._put(request)
        return {}

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Change an item. Raises ClientError."""
        self._check(request, "UpdateItem")
        self._update(request)
        return {"Attributes": _copied(self._items[_key(request)])}

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """Delete an item. Raises ClientError."""
        self._check(request, "DeleteItem")
        self._delete(request)
        return {}

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Make all changes, or none. Raises ClientError."""
        changes = [next(iter(change.items())) for change in request["TransactItems"]]
        failed = [not _holds(self._before(change), change) for _, change in changes]
        if any(failed):
            reasons = [{"Code": "ConditionalCheckFailed" if fails else "None"} for fails in failed]
            error: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(error, "TransactWriteItems")
        apply: dict[str, Callable[[Request], None]] = {
            "Put": self._put,
            "Update": self._update,
            "Delete": self._delete,
            "ConditionCheck": _nothing,
        }
        for kind, change in changes:
            apply[kind](change)
        return {}

    def _check(self, request: Request, operation: str) -> None:
        if not _holds(self._before(request), request):
            raise _error("ConditionalCheckFailedException", operation)

    def _before(self, request: Request) -> Item:
        return self._items.get(_key(request), {})

    def _put(self, request: Request) -> None:
        self._items[_key(request)] = _of_allowed_size(_copied(request["Item"]))

    def _delete(self, request: Request) -> None:
        self._items.pop(_key(request), None)

    def _update(self, request: Request) -> None:
        key = _key(request)
        self._items[key] = _of_allowed_size(_updated(self._items.get(key) or _copied(request["Key"]), request))


def _copied[T](value: T) -> T:
    """Copy an item or a value of one: `copy.deepcopy` takes thirty times as long."""
    copied: T = marshal.loads(marshal.dumps(value))  # type: ignore[arg-type] # noqa: S302 - texts, maps and lists
    return copied


def _end(item: Item) -> float:
    return float(item["expires_at"]["N"]) if "expires_at" in item else float("inf")


def _of_allowed_size(item: Item) -> Item:
    """Return the item. Raises ClientError above what DynamoDB takes."""
    if len(str(item)) > LARGEST_ITEM // 4 and _size(item) > LARGEST_ITEM:
        raise _error("ValidationException", "PutItem")
    return item


def _size(value: Any) -> int:
    match value:
        case dict():
            return sum(len(name) + _size(inner) for name, inner in value.items())
        case list():
            return sum(map(_size, value))
    # Most texts are ASCII, and counting their bytes would cost more than all the rest.
    return len(value) if not isinstance(value, str) or value.isascii() else len(value.encode())


def _nothing(_: Request) -> None:
    """A check changes nothing."""


def _key(request: Request) -> Key:
    named = request.get("Key") or request["Item"]
    return request["TableName"], named["conversation"]["S"], named["part"]["S"]


def _error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


def _holds(item: Item, request: Request) -> bool:
    condition = request.get("ConditionExpression")
    if not condition:
        return True
    return any(all(_true(term, item, request) for term in each.split(" AND ")) for each in condition.split(" OR "))


def _true(term: str, item: Item, request: Request) -> bool:
    if found := re.fullmatch(r"attribute_(not_)?exists\(([^()]+)\)", term.strip()):
        return (_value(item, _path(found[2], request)) is None) == bool(found[1])
    if found := re.fullmatch(r"([\w.#]+) (=|<>|<|<=|>|>=) ([\w.#:]+)", term.strip()):
        left, right = _operand(found[1], item, request), _operand(found[3], item, request)
        if left is None or right is None:
            return found[2] == "<>"
        return _COMPARE[found[2]](_plain(left), _plain(right))
    raise NotModelled(term)


def _updated(before: Item, request: Request) -> Item:
    after = _copied(before)
    parts = re.split(r"\b(SET|REMOVE|ADD) ", request["UpdateExpression"])
    if parts[0].strip():
        raise NotModelled(request["UpdateExpression"])
    for clause, text in zip(parts[1::2], parts[2::2], strict=True):
        for action in re.split(r",\s*(?![^()]*\))", text.strip()):
            _act(clause, action.strip(), before, after, request)
    return after


def _act(clause: str, action: str, before: Item, after: Item, request: Request) -> None:
    match clause:
        case "SET":
            path, _, expression = action.partition(" = ")
            _parent(after, _path(path, request))[_path(path, request)[-1]] = _result(expression, before, request)
        case "ADD":
            path, _, value = action.partition(" ")
            old = _value(before, _path(path, request)) or {"N": "0"}
            total = {"N": str(Decimal(old["N"]) + Decimal(request["ExpressionAttributeValues"][value]["N"]))}
            _parent(after, _path(path, request))[_path(path, request)[-1]] = total
        case _:
            _parent(after, _path(action, request)).pop(_path(action, request)[-1], None)


def _result(expression: str, item: Item, request: Request) -> Any:
    if found := re.fullmatch(r"if_not_exists\(([^,]+),\s*([^)]+)\)", expression):
        old = _value(item, _path(found[1], request))
        return old if old is not None else _operand(found[2], item, request)
    if found := re.fullmatch(r"(.+) ([+-]) (.+)", expression):
        left, right = (Decimal(_result(found[group], item, request)["N"]) for group in (1, 3))
        return {"N": str(left + right if found[2] == "+" else left - right)}
    value = _operand(expression, item, request)
    if value is None:
        raise NotModelled(expression)
    return value


def _operand(text: str, item: Item, request: Request) -> Any:
    if text.startswith(":"):
        return _copied(request["ExpressionAttributeValues"][text])
    return _copied(_value(item, _path(text, request)))


def _path(text: str, request: Request) -> list[str]:
    names = request.get("ExpressionAttributeNames", {})
    return [names[part] if part.startswith("#") else part for part in text.strip().split(".")]


def _parent(item: Item, path: list[str]) -> Any:
    """Return the map that holds the last name of a path. Raises ClientError if there is none, as DynamoDB does."""
    here: Any = item
    for name in path[:-1]:
        here = here.get(name, {}).get("M")
        if here is None:
            raise _error("ValidationException", "UpdateItem")
    return here


def _value(item: Item, path: list[str]) -> Any:
    here: Any = item
    for name in path[:-1]:
        here = here.get(name, {}).get("M", {})
    return here.get(path[-1])


def _plain(value: Item) -> Any:
    ((kind, content),) = value.items()
    return Decimal(content) if kind == "N" else content
