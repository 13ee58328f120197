import os
from pathlib import Path

import pytest

from standins import local_stack
from tests.template.cloudformation import Template

# Before the package is imported: its Logger and Metrics are made then.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Helpdesk")


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    """SAM wants to know where its output is going to be deployed."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")


@pytest.fixture(scope="session")
def template() -> Template:
    return Template()


@pytest.fixture(scope="session")
def built() -> Path:
    """What `sam build` makes for this machine."""
    return local_stack.build()
