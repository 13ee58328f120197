"""`python -m tools.mutants --number 400 --seed 20`: plant mutants in the product, and see which tests notice them.

First every test is run once, to learn which lines it reaches. Then each mutant is planted in a process of its own, and
the tests that reach its line are run there until one fails; if none does, some runs of the simulation. What survives is
printed as a table. Mutants and tests are the same for the same seed and product.
"""

import argparse
import ast
import copy
import json
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any, Literal

import pytest

os.environ |= {"POWERTOOLS_SERVICE_NAME": "mutants", "POWERTOOLS_METRICS_NAMESPACE": "Helpdesk"}

from tests.simulation.planted import PACKAGE, swapped
from tests.simulation.runs import run

TESTS = ("tests/unit", "tests/conversations")
_NOT_PRODUCT = ("tests/unit/tools", "tests/unit/operations", "tests/unit/standins", "tests/unit/test_the_run.py")
COVERED = Path("build/covered.json")
MOST_TESTS, MOST_SECONDS = 150, 12.0
"""How many tests a mutant is run against, and how long they take in all; the quickest come first."""
MOST_WAIT = 90
SIMULATED = 40
_TOOL = 3

type Verdict = Literal["tests", "simulation", "time", ""]
"""What noticed a mutant; nothing: it survived."""


# --- which test reaches which line ------------------------------------------------------------------------------------


class Lines:
    """A plugin of pytest: notes which lines of the product each test reaches, and how long it takes."""

    def __init__(self) -> None:
        self.reached: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        self.seconds: dict[str, float] = {}
        self._now: set[tuple[str, int]] = set()
        sys.monitoring.use_tool_id(_TOOL, "mutants")
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.LINE, self._line)
        sys.monitoring.set_events(_TOOL, sys.monitoring.events.LINE)

    def _line(self, code: CodeType, line: int) -> object:
        if code.co_filename.startswith(str(PACKAGE)):
            self._now.add((code.co_filename[len(str(PACKAGE)) + 1 :], line))
        return sys.monitoring.DISABLE

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note what one test reaches."""
        self._now.clear()
        sys.monitoring.restart_events()
        began = time.perf_counter()
        answer = yield
        self.seconds[item.nodeid] = time.perf_counter() - began
        for path, line in self._now:
            self.reached[path][line].append(item.nodeid)
        return answer


def learn() -> None:
    """Run every test once, and write down what it reaches."""
    lines = Lines()
    ignored = [f"--ignore={path}" for path in _NOT_PRODUCT]
    pytest.main(["-q", "-n", "0", "-p", "no:cacheprovider", *ignored, *TESTS], plugins=[lines])
    COVERED.parent.mkdir(exist_ok=True)
    COVERED.write_text(json.dumps({"reached": lines.reached, "seconds": lines.seconds}), encoding="utf-8")


# --- mutants ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant:
    """One change at one place of a module."""

    path: str
    line: int
    before: str
    after: str
    tree: ast.Module

    def __str__(self) -> str:
        """Say it as a row of a table."""
        return f"`{self.path}:{self.line}` | `{self.before}` | `{self.after}`".replace("\n", " ")


_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
}
_UNTOLD = frozenset({"logger", "count", "count_by", "record_duration"})
"""What is only written into logs and metrics is left as it is."""


def mutations(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may take the place of a node."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=comparators) if type(op) in _COMPARED:
            yield ast.Compare(left, [_COMPARED[type(op)]()], comparators)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            yield values[0]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _COMPUTED:
            yield ast.BinOp(left, _COMPUTED[type(op)](), right)
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.Expr(value=ast.Call()):
            yield ast.Pass()
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield ast.Return(ast.Constant(None))
        case ast.If(test=test, body=body, orelse=orelse):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.keyword(arg=str(name), value=ast.Name()):
            yield ast.keyword(name, ast.Constant(None))


class _Replacing(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> Any:
        if node is self._old:
            return ast.copy_location(self._new, node)
        return self.generic_visit(node)


def _in_functions(node: ast.AST, *, inside: bool = False) -> Iterator[ast.AST]:
    """Yield the nodes of the functions' bodies, but for what is told to logs, texts and types."""
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or name in {"annotation", "returns", "decorator_list", "type_comment"}:
                continue
            match child:
                case ast.Expr(value=ast.Constant()) | ast.Raise() | ast.Assert():
                    continue
                case ast.Call(func=ast.Name(id=called)) if called in _UNTOLD:
                    continue
                case ast.Expr(value=ast.Call(func=ast.Name(id=called))) if called in _UNTOLD:
                    continue
                case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="logger")))):
                    continue
            is_body = isinstance(node, ast.FunctionDef) and name == "body"
            if inside or is_body:
                yield child
            yield from _in_functions(child, inside=inside or is_body)


def mutants(seed: int, reached: dict[str, dict[str, list[str]]]) -> Iterator[Mutant]:
    """Yield mutants at lines that some test reaches, in an order drawn with a seed."""
    sites = []
    for path in sorted(reached):
        tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
        sites += [
            (path, place, which)
            for place, node in enumerate(_in_functions(tree))
            if str(getattr(node, "lineno", 0)) in reached[path]
            for which, _ in enumerate(mutations(node))
        ]
    for path, place, which in random.Random(seed).sample(sites, len(sites)):  # noqa: S311 - no secret
        tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
        node = list(_in_functions(tree))[place]
        shown = ast.unparse(node)
        new = list(mutations(copy.deepcopy(node)))[which]
        changed = ast.fix_missing_locations(_Replacing(node, new).visit(tree))
        yield Mutant(path, node.lineno, _short(shown), _short(ast.unparse(new)), changed)  # type: ignore[attr-defined]


def _short(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) < 70 else f"{line[:67]}..."


# --- judging ----------------------------------------------------------------------------------------------------------


def judged(mutant: Mutant, tests: list[str]) -> Verdict | None:
    """Run tests against a mutant in a process of its own; None if it cannot be planted."""
    child = os.fork()
    if child == 0:
        os._exit(_verdict(mutant, tests))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "time"
    verdicts: dict[int, Verdict | None] = {0: "", 1: "tests", 2: "simulation", 3: None}
    return verdicts.get(os.WEXITSTATUS(status), "tests")


def _verdict(mutant: Mutant, tests: list[str]) -> int:
    signal.alarm(MOST_WAIT)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - no file
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    original = ast.parse((PACKAGE / mutant.path).read_text(encoding="utf-8"))
    try:
        with swapped(mutant.path, original, mutant.tree):
            if pytest.main(["-x", "-q", "-n", "0", "-p", "no:cacheprovider", *tests]) != 0:
                return 1
            signal.alarm(MOST_WAIT)
            return 2 if any(run(seed).findings for seed in range(SIMULATED)) else 0
    except LookupError:
        return 3
    except BaseException:  # noqa: BLE001 - the mutant has broken the simulation itself
        return 2


def main() -> int:
    """Draw, judge, and print what survived."""
    options = argparse.ArgumentParser()
    options.add_argument("--number", type=int, default=400)
    options.add_argument("--seed", type=int, default=20)
    options.add_argument("--minutes", type=float, default=60)
    given = options.parse_args()
    if not COVERED.exists():
        learn()
        return os.execv(sys.executable, [sys.executable, "-m", "tools.mutants", *sys.argv[1:]])  # noqa: S606
    covered = json.loads(COVERED.read_text(encoding="utf-8"))
    seconds: dict[str, float] = covered["seconds"]
    pytest.main(["--collect-only", "-q", "-n", "0", "-p", "no:cacheprovider", *TESTS])  # imports them all, once
    ends_at = time.monotonic() + 60 * given.minutes
    found: Counter[str] = Counter()
    survivors = []
    for mutant in mutants(given.seed, covered["reached"]):
        chosen: list[str] = []
        left = MOST_SECONDS
        for test in sorted(covered["reached"][mutant.path][str(mutant.line)], key=seconds.__getitem__):
            left -= seconds[test]
            if len(chosen) < MOST_TESTS and (left > 0 or not chosen):
                chosen.append(test)
        verdict = judged(mutant, chosen)
        if verdict is None:
            continue
        found[verdict or "survived"] += 1
        if not verdict:
            survivors.append(mutant)
        print(f"{found.total()} {verdict or 'SURVIVED'} | {mutant} | {len(chosen)} tests", flush=True)
        if found.total() >= given.number or time.monotonic() > ends_at:
            break
    print(dict(found))
    for mutant in survivors:
        print(f"| {mutant} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
