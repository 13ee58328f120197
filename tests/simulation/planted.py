"""A fault planted in the product, for as long as somebody looks for it.

A place in the product's text is given with what it is replaced by, as a diff shows it. The functions there run the new
code meanwhile, whoever has imported them.
"""

import ast
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, ModuleType

from tests.handlers import ROOT

PACKAGE = ROOT / "layers" / "helpdesk" / "helpdesk"


@contextmanager
def planted(path: str, sound: str, faulty: str) -> Iterator[None]:
    """Have one place of a module (`service/turn.py`) say something else. Raises LookupError if it is not there."""
    text = (PACKAGE / path).read_text(encoding="utf-8")
    if text.count(sound) != 1:
        raise LookupError(f"{path} has changed: plant this fault at its new place: {sound}")
    with swapped(path, text, text.replace(sound, faulty)):
        yield


@contextmanager
def swapped(path: str, sound: str | ast.Module, faulty: str | ast.Module) -> Iterator[None]:
    """Have the functions of a module run other code. Raises LookupError if that changes no function."""
    module = importlib.import_module(f"helpdesk.{path.removesuffix('.py').replace('/', '.')}")
    before, after = (dict(_codes(compile(one, str(PACKAGE / path), "exec"))) for one in (sound, faulty))
    changed = [(found, code) for name, code in after.items() if before.get(name) != code for found in _at(module, name)]
    if not changed:
        raise LookupError(f"no function of {path} has changed")
    kept = [(function, function.__code__) for function, _ in changed]
    for function, code in changed:
        function.__code__ = code
    try:
        yield
    finally:
        for function, code in kept:
            function.__code__ = code


def _codes(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    """Yield the code of each function that is not within another one."""
    for one in code.co_consts:
        if isinstance(one, CodeType):
            if "<" not in one.co_qualname:
                yield one.co_qualname, one
            yield from _codes(one)


def _at(module: ModuleType, name: str) -> Iterator[FunctionType]:
    """Yield the function of a name, if there is one that its callers call."""
    found: object = module
    for part in name.split("."):
        found = vars(found).get(part) if isinstance(found, ModuleType | type) else None
    if isinstance(found, staticmethod | classmethod):
        found = found.__func__
    if isinstance(found, property):
        found = found.fget
    found = getattr(found, "__wrapped__", found)
    if isinstance(found, FunctionType):
        yield found
