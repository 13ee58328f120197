from pathlib import Path

import pytest

from simulator import local_stack
from tests.template.cloudformation import Template


@pytest.fixture(scope="session")
def template() -> Template:
    return Template()


@pytest.fixture(scope="session")
def built() -> Path:
    """What `sam build` makes for this machine."""
    return local_stack.build()
