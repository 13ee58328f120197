"""Lambda's handler while a cold start is measured: says how much CPU time the process has taken until its first call.

`app.py` beside it is one of the functions, or the floor.
"""

import time

import app  # type: ignore[import-not-found]  # noqa: F401 - that it is imported is what is measured


def lambda_handler(event: object, context: object) -> dict[str, float]:
    """Return the CPU time so far, in milliseconds."""
    return {"cpu_ms": time.process_time() * 1000}
