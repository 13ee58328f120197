"""How long a catalogue takes to read, against the same texts as TOML and as JSON.

PYTHONPATH=layers/helpdesk .venv/bin/python -m tests.benchmarks.catalogue_formats

CPU time, the best of fifteen, as a ratio to JSON, the fastest that the standard library has.
"""

import json
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import helpdesk.languages
from helpdesk.languages.catalogue import parse


def best(work: Callable[[], object]) -> float:
    """Return the least CPU time of fifteen runs, in milliseconds."""
    times = []
    for _ in range(15):
        began = time.process_time_ns()
        work()
        times.append(time.process_time_ns() - began)
    return min(times) / 1e6


def main() -> None:
    """Print the comparison for the Bengali catalogue."""
    plain = (Path(helpdesk.languages.__file__).parent / "bn.txt").read_text(encoding="utf-8")
    texts = parse(plain)
    as_json = json.dumps(texts, ensure_ascii=False)
    as_toml = "\n".join(f'"{key}" = """\n{text}"""' for key, text in texts.items())
    baseline = best(lambda: json.loads(as_json))
    for name, work in (
        ("JSON", lambda: json.loads(as_json)),
        ("ours", lambda: parse(plain)),
        ("TOML", lambda: tomllib.loads(as_toml)),
    ):
        milliseconds = best(work)
        print(f"{name:5} {milliseconds:6.2f} ms  {milliseconds / baseline:5.1f} x")


if __name__ == "__main__":
    main()
