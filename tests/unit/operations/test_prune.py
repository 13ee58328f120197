"""Old versions go, but none that callers can meet or that is close enough to go back to."""

from typing import Any

import boto3
import pytest

from operations.operator import Stopped
from operations.stage import prune as pruning
from operations.stage.prune import KEPT, prune

LAYER = "arn:aws:lambda:ap-south-1:123456789012:layer:helpdesk-dev-helpdesk"


class Lambda:
    """A function with seven versions, and a layer with eight. The alias is between versions 1 and 2."""

    def __init__(self) -> None:
        self.versions = ["$LATEST", *(str(number) for number in range(1, 8))]
        self.layers = list(range(1, 9))
        self.layer = LAYER

    def client(self, _service: str) -> "Lambda":
        return self

    def get_alias(self, *, FunctionName: str, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's names, here and below
        assert (FunctionName, Name) == ("document", "live")
        return {"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}}

    def get_paginator(self, operation: str) -> "Lambda":
        self.operation = operation
        return self

    def paginate(self, **_: object) -> list[dict[str, Any]]:
        match self.operation:
            case "list_stack_resources":
                kinds = {"document": "AWS::Lambda::Function", f"{self.layer}:8": "AWS::Lambda::LayerVersion"}
                return [
                    {
                        "StackResourceSummaries": [
                            {"LogicalResourceId": "Document", "PhysicalResourceId": name, "ResourceType": kind}
                            for name, kind in {**kinds, "queue": "AWS::SQS::Queue"}.items()
                        ]
                    }
                ]
            case "list_versions_by_function":
                of = {"$LATEST": "8"}
                return [
                    {"Versions": [{"Version": one, "Layers": [{"Arn": f"{LAYER}:{of.get(one, one)}"}]}]}
                    for one in self.versions
                ]
            case _:
                assert self.operation == "list_layer_versions"
                return [
                    {"LayerVersions": [{"Version": one, "LayerVersionArn": f"{LAYER}:{one}"}]}
                    for one in reversed(self.layers)
                ]

    def delete_function(self, *, FunctionName: str, Qualifier: str) -> None:  # noqa: N803
        assert FunctionName == "document"
        self.versions.remove(Qualifier)

    def delete_layer_version(self, *, LayerName: str, VersionNumber: int) -> None:  # noqa: N803
        assert LayerName == "helpdesk-dev-helpdesk"
        self.layers.remove(VersionNumber)


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Lambda:
    fake = Lambda()
    monkeypatch.setattr(boto3, "client", fake.client)
    monkeypatch.setattr(pruning, "find_stack", lambda _name: object())
    return fake


def test_what_callers_meet_the_newest_and_their_layers_stay(functions: Lambda) -> None:
    said = list(prune("helpdesk-dev"))
    assert functions.versions == ["$LATEST", "1", "2", "5", "6", "7"]
    assert len(functions.versions) == 1 + 2 + KEPT
    assert functions.layers == [1, 2, 5, 6, 7, 8]
    assert said == ["Document: 2 old versions deleted", "helpdesk-dev-helpdesk: 2 old versions deleted"]
    assert next(prune("helpdesk-dev")) == "Document: 0 old versions deleted"


def test_a_layer_that_other_stacks_may_use_is_left(functions: Lambda) -> None:
    functions.layer = "arn:aws:lambda:ap-south-1:123456789012:layer:HelpdeskLayer"
    assert list(prune("helpdesk-dev"))[1] == "HelpdeskLayer: left, since other stacks may use it"
    assert len(functions.layers) == 8


def test_a_stage_that_is_not_there_is_named(functions: Lambda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "find_stack", lambda _name: None)
    with pytest.raises(Stopped, match="There is no helpdesk-dev"):
        list(prune("helpdesk-dev"))
