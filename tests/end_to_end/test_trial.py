"""What CodeDeploy has called before a new version takes calls, on the deployed functions themselves."""

import json
from typing import Any

import pytest

from helpdesk.trial import faults
from standins.local_stack import LocalStack


@pytest.mark.parametrize("function", ["WebhookFunction", "DocumentFunction"])
def test_a_deployed_version_passes_its_trial(stack: LocalStack, function: str) -> None:
    functions = stack.client("lambda")
    name = stack.physical_id(function)

    def invoke(event: dict[str, Any]) -> Any:
        return json.load(functions.invoke(FunctionName=name, Qualifier="live", Payload=json.dumps(event))["Payload"])

    assert faults(function, invoke) == []
