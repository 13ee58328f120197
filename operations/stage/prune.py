"""Deletes versions of a stage's functions and layer that nothing needs any more: make prune STAGE=dev.

SAM publishes a version with each release and deletes none; together they count towards the account's 75 GB. Kept are
those that callers may meet (the alias's, both while a new one takes over), the newest, to go back to, and layers that
any of these runs on.
"""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import boto3

from operations.operator import Stopped
from operations.settings import STAGES, run, settings_of
from operations.stack import find_stack, resources_of

KEPT = 3
"""How many of the newest stay, whether anything needs them or not."""
LIVE = "live"


def prune_function(functions: Any, name: str) -> tuple[int, set[str]]:
    """Delete a function's old versions. Return how many, and the layers that those run on which stay."""
    alias = functions.get_alias(FunctionName=name, Name=LIVE)
    needed = {alias["FunctionVersion"], *alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})}
    pages = functions.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    versions = [version for page in pages for version in page["Versions"]]
    published = sorted((one for one in versions if one["Version"] != "$LATEST"), key=lambda one: int(one["Version"]))
    old = [one["Version"] for one in published[:-KEPT] if one["Version"] not in needed]
    for version in old:
        functions.delete_function(FunctionName=name, Qualifier=version)
    staying = [one for one in versions if one["Version"] not in old]
    return len(old), {layer["Arn"] for one in staying for layer in one.get("Layers", [])}


def prune_layer(functions: Any, name: str, needed: set[str]) -> int:
    """Delete a layer's old versions, but those that are needed, and return how many."""
    pages = functions.get_paginator("list_layer_versions").paginate(LayerName=name)
    versions = sorted(
        (version for page in pages for version in page["LayerVersions"]), key=lambda version: version["Version"]
    )
    old = [version for version in versions[:-KEPT] if version["LayerVersionArn"] not in needed]
    for version in old:
        functions.delete_layer_version(LayerName=name, VersionNumber=version["Version"])
    return len(old)


def prune(stack_name: str) -> Iterator[str]:
    """Delete what nothing needs, and say what was deleted. Raises Stopped."""
    if find_stack(stack_name) is None:
        raise Stopped(f"There is no {stack_name}.")
    functions = boto3.client("lambda")
    resources = resources_of(boto3.client("cloudformation"), stack_name)
    needed: set[str] = set()
    for resource in resources:
        if resource["ResourceType"] == "AWS::Lambda::Function":
            count, layers = prune_function(functions, resource["PhysicalResourceId"])
            needed |= layers
            yield f"{resource['LogicalResourceId']}: {count} old versions deleted"
    layers = {
        resource["PhysicalResourceId"].split(":")[6]
        for resource in resources
        if resource["ResourceType"] == "AWS::Lambda::LayerVersion"
    }
    for layer in sorted(layers):
        # One whose name is not the stack's own may be another stage's as well.
        if layer.startswith(stack_name):
            yield f"{layer}: {prune_layer(functions, layer, needed)} old versions deleted"
        else:
            yield f"{layer}: left, since other stacks may use it"


def main(arguments: list[str] | None = None) -> int:
    """Prune the stage that is named."""
    parser = argparse.ArgumentParser(prog="make prune", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    stack_name = settings_of(parser.parse_args(arguments).stage).stack_name

    def work() -> int:
        for line in prune(stack_name):
            print(line)
        return 0

    return run(work)


if __name__ == "__main__":
    sys.exit(main())
