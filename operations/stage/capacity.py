"""Whether the account's Lambda limit has room for a desk beside the other desks of the account.

All functions of an account and region share one limit, and a new account's is 10. Above it Lambda throttles: jobs use
up their tries without having run, and citizens are not told. So a deployment that asks for too much is refused
beforehand.
"""

import math
from dataclasses import dataclass

import boto3
from botocore.exceptions import ClientError

from operations.operator import Stopped
from operations.stack import resources_of
from operations.template import FUNCTION, Template, Values

SHARE = 0.75
"""How much of the limit the desks may take. The rest is for webhooks, pages, and whatever else runs there."""
SPARE = 100
"""AWS refuses to reserve more than what leaves this much of the limit unreserved."""
QUOTA = "L-B99A9384"
"""Lambda's quota *Concurrent executions*, as Service Quotas knows it."""
_APPLICATION = ("application", "helpdesk")
"""The tag that samconfig.toml gives to each stage's stack."""


@dataclass(frozen=True)
class Demand:
    """How many functions a desk may run at once. `reserved`: kept free for the webhook; `queues`: by each queue."""

    reserved: int
    queues: tuple[int, ...]

    @property
    def total(self) -> int:
        """All of them together."""
        return self.reserved + sum(self.queues)


def demand_of(template: Template, values: Values) -> Demand:
    """Return what a stack with these parameters asks for."""
    reserved, queues = 0, []
    for name, properties in template.of_type(FUNCTION).items():
        if not template.exists(template.resources[name], values):
            continue
        reserved += int(template.resolve(properties.get("ReservedConcurrentExecutions"), values) or 0)
        for event in properties.get("Events", {}).values():
            scaling = template.resolve(event["Properties"].get("ScalingConfig"), values)
            if scaling:
                queues.append(int(scaling["MaximumConcurrency"]))
    return Demand(reserved, tuple(queues))


def deployed_demand(stack_name: str) -> Demand:
    """Return what a deployed stack takes, as Lambda has it. Needs the right to read its functions and event sources."""
    functions = boto3.client("lambda")
    reserved, queues = 0, []
    for resource in resources_of(boto3.client("cloudformation"), stack_name):
        identity = resource.get("PhysicalResourceId", "")
        match resource["ResourceType"]:
            case "AWS::Lambda::Function":
                reserved += functions.get_function_concurrency(FunctionName=identity).get(
                    "ReservedConcurrentExecutions", 0
                )
            case "AWS::Lambda::EventSourceMapping":
                scaling = functions.get_event_source_mapping(UUID=identity).get("ScalingConfig", {})
                queues.append(scaling.get("MaximumConcurrency", 0))
    return Demand(reserved, tuple(queues))


def other_desks(stack_name: str) -> dict[str, Demand]:
    """Return what the other desks of the account and region take, by the names of their stacks."""
    pages = boto3.client("cloudformation").get_paginator("describe_stacks").paginate()
    names = [
        stack["StackName"]
        for page in pages
        for stack in page["Stacks"]
        if _APPLICATION in {(tag["Key"], tag["Value"]) for tag in stack.get("Tags", [])}
        and stack["StackStatus"] != "REVIEW_IN_PROGRESS"
    ]
    return {name: deployed_demand(name) for name in names if name != stack_name}


def account_limit() -> int:
    """Return how many functions the account may run at once in this region."""
    return int(boto3.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"])


@dataclass(frozen=True)
class Room:
    """An account's limit beside what all desks in it ask for together. `least`: the limit that they need."""

    limit: int
    needed: int
    least: int
    others: dict[str, Demand]

    @property
    def is_enough(self) -> bool:
        """Whether they all fit."""
        return self.limit >= self.least


def room_of(stack_name: str, demand: Demand) -> Room:
    """Compare what a desk asks for with what the account has left beside the other desks."""
    others = other_desks(stack_name)
    needed = demand.total + sum(other.total for other in others.values())
    return Room(account_limit(), needed, max(math.ceil(needed / SHARE), _reservable(demand, others)), others)


def increase(region: str, least: int) -> str:
    """Return the command that asks AWS for a higher limit."""
    return (
        f"aws service-quotas request-service-quota-increase --region {region} --service-code lambda "
        f"--quota-code {QUOTA} --desired-value {least}"
    )


def require_room(stack_name: str, demand: Demand, region: str) -> str:
    """Say how much of the limit the desks take together. Raises Stopped, naming the quota, if that is too much."""
    room = room_of(stack_name, demand)
    if room.is_enough:
        return f"{room.needed} of {room.limit} at once"
    named = ", ".join(f"{name} {other.total}" for name, other in room.others.items())
    left = int(room.limit * SHARE) - (room.needed - sum(demand.queues))
    smaller = left // len(demand.queues) if demand.queues else 0
    fewer = f'SET="MaximumConcurrency={smaller} ReplyConcurrency={smaller}"'
    raise Stopped(
        f"The account may run {room.limit} functions at once in {region}, and the desks ask for {room.needed} "
        f"({stack_name} {demand.total}{f', {named}' if named else ''}). They may take three quarters of it. "
        f"Ask AWS for more:\n    {increase(region, room.least)}\n"
        + (f"or serve fewer citizens at once: {fewer}" if smaller >= 2 else "")
    )


def _reservable(demand: Demand, others: dict[str, Demand]) -> int:
    reserved = demand.reserved + sum(other.reserved for other in others.values())
    return reserved + SPARE if reserved else 0


def room_for(stack_name: str, demand: Demand, region: str) -> str:
    """Do as `require_room`, but let a deployment pass whose role may not look."""
    try:
        return require_room(stack_name, demand, region)
    except ClientError as error:
        return f"not compared with the account's limit: AWS refuses {error.operation_name}"
