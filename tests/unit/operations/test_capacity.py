"""A deployment that asks for more of the account's Lambda limit than there is gets refused before anything is built."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from operations.operator import Stopped
from operations.stage.capacity import QUOTA, Demand, demand_of, require_room, room_for
from operations.template import Template

REGION = "ap-south-1"


def desk(name: str, reserved: int, *queues: int) -> dict[str, Any]:
    return {"name": name, "reserved": reserved, "queues": queues}


class Account:
    """An account with a limit, the desks in it and another stack."""

    def __init__(self, limit: int, *desks: dict[str, Any]) -> None:
        self.limit = limit
        self.desks = {one["name"]: one for one in desks}
        self.refuses = ""

    def client(self, _service: str) -> "Account":
        return self

    def get_account_settings(self) -> dict[str, Any]:
        if self.refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, self.refuses)
        return {"AccountLimit": {"ConcurrentExecutions": self.limit}}

    def get_paginator(self, operation: str) -> Any:
        account = self

        class Paginator:
            def paginate(self, StackName: str = "") -> list[dict[str, Any]]:  # noqa: N803 - boto3's name
                return account.stacks() if operation == "describe_stacks" else account.resources(StackName)

        return Paginator()

    def stacks(self) -> list[dict[str, Any]]:
        ours = [{"Key": "application", "Value": "helpdesk"}]
        names = [{"StackName": name, "StackStatus": "CREATE_COMPLETE", "Tags": ours} for name in self.desks]
        other = {"StackName": "other", "StackStatus": "CREATE_COMPLETE", "Tags": []}
        proposed = {"StackName": "proposed", "StackStatus": "REVIEW_IN_PROGRESS", "Tags": ours}
        return [{"Stacks": names}, {"Stacks": [other, proposed]}]

    def resources(self, stack: str) -> list[dict[str, Any]]:
        def of(kind: str, identity: str) -> dict[str, Any]:
            return {"ResourceType": kind, "PhysicalResourceId": identity}

        queues = self.desks[stack]["queues"]
        mappings = [of("AWS::Lambda::EventSourceMapping", f"{stack}:{index}") for index in range(len(queues))]
        return [
            {
                "StackResourceSummaries": [
                    of("AWS::Lambda::Function", stack),
                    *mappings,
                    of("AWS::SQS::Queue", "no function"),
                ]
            }
        ]

    def get_function_concurrency(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        reserved = self.desks[FunctionName]["reserved"]
        return {"ReservedConcurrentExecutions": reserved} if reserved else {}

    def get_event_source_mapping(self, *, UUID: str) -> dict[str, Any]:  # noqa: N803
        stack, _, index = UUID.partition(":")
        most = self.desks[stack]["queues"][int(index)]
        return {"ScalingConfig": {"MaximumConcurrency": most}} if most else {}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    one = Account(1000)
    monkeypatch.setattr(boto3, "client", one.client)
    return one


@pytest.mark.parametrize(
    ("limit", "demand", "others", "passes"),
    [
        (1000, Demand(0, (50, 50)), [], True),
        (10, Demand(0, (2, 2)), [], True),
        (10, Demand(0, (5, 5)), [], False),
        (400, Demand(0, (150, 150)), [], True),
        (399, Demand(0, (150, 150)), [], False),
        (400, Demand(0, (150, 150)), [desk("helpdesk-dev", 0, 5, 5)], False),
        (1000, Demand(50, (150, 150)), [desk("helpdesk-dev", 0, 5, 5), desk("helpdesk-staging", 0, 20, 20)], True),
        # What is reserved must leave 100 of the limit, however little is asked for.
        (130, Demand(50, (5, 5)), [], False),
        (150, Demand(50, (5, 5)), [], True),
    ],
)
def test_all_queues_of_all_stages_have_to_fit_into_three_quarters_of_the_limit(
    account: Account, limit: int, demand: Demand, others: list[dict[str, Any]], *, passes: bool
) -> None:
    # The stack itself counts as it is to be and not as it is.
    account.limit, account.desks = limit, {one["name"]: one for one in [*others, desk("helpdesk-prod", 9, 900)]}
    if passes:
        assert f"of {limit} at once" in require_room("helpdesk-prod", demand, REGION)
    else:
        with pytest.raises(Stopped):
            require_room("helpdesk-prod", demand, REGION)


def test_the_refusal_names_the_quota_how_much_to_ask_for_and_what_would_fit(account: Account) -> None:
    account.limit, account.desks = 100, {"helpdesk-dev": desk("helpdesk-dev", 0, 5, 5)}
    with pytest.raises(Stopped) as stopped:
        require_room("helpdesk-staging", Demand(0, (50, 50)), REGION)
    said = str(stopped.value)
    assert "the desks ask for 110 (helpdesk-staging 100, helpdesk-dev 10)" in said
    assert f"--region ap-south-1 --service-code lambda --quota-code {QUOTA} --desired-value 147" in said
    assert 'SET="MaximumConcurrency=32 ReplyConcurrency=32"' in said


def test_where_nothing_would_fit_no_smaller_number_is_offered(account: Account) -> None:
    account.limit = 4
    with pytest.raises(Stopped) as stopped:
        require_room("helpdesk-dev", Demand(0, (5, 5)), REGION)
    assert "MaximumConcurrency" not in str(stopped.value)


def test_whose_role_may_not_look_is_not_kept_from_deploying(account: Account) -> None:
    account.refuses = "GetAccountSettings"
    assert "AWS refuses GetAccountSettings" in room_for("helpdesk-dev", Demand(0, (5, 5)), REGION)


def test_what_a_stack_asks_for_is_read_from_the_template() -> None:
    template = Template.read()
    values = {"Stage": "dev", "SignIn": "in-chat", "MaximumConcurrency": "7", "WebhookConcurrency": "3"}
    assert demand_of(template, values) == Demand(3, (7, 3, 7))
    assert demand_of(template, values | {"ReplyConcurrency": "4"}) == Demand(3, (7, 4, 7))
    assert demand_of(template, values | {"Stage": "local"}).queues == ()
