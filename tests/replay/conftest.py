"""Before the package is imported: its Logger and Metrics are made then."""

import os
from collections.abc import Iterator

import pytest

os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Helpdesk")


@pytest.fixture(autouse=True, scope="module")
def unmeasured() -> Iterator[None]:
    """Write no metrics: the runs are many, and none looks at theirs."""
    from helpdesk.telemetry import metrics  # noqa: PLC0415 - see above

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("POWERTOOLS_METRICS_DISABLED", "true")
        yield
    metrics.clear_metrics()
