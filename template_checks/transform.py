"""Reads a SAM template and transforms it as AWS does before CloudFormation sees it."""

import copy
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

Document = dict[str, Any]

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "template.yaml"
REGION = "ap-south-1"

# The translator reports feature toggles and metrics that exist on AWS's side only.
logging.getLogger("samtranslator").setLevel(logging.ERROR)


class _Loader(yaml.SafeLoader):
    pass


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> Document:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:
        raise TypeError(f"unknown kind of YAML node at {node.start_mark}")
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".")
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)


def load(text: str) -> Document:
    """Return a template as data. The short forms (`!Ref x`, `!GetAtt a.b`) become the long ones."""
    document: Document = yaml.load(text, Loader=_Loader)  # noqa: S506 - derived from the safe loader
    return document


def defaults_of(document: Document) -> dict[str, str]:
    """Return the default of every parameter; "" for a parameter that has none."""
    return {name: str(parameter.get("Default", "")) for name, parameter in document.get("Parameters", {}).items()}


def transform(document: Document, parameters: Mapping[str, str]) -> Document:
    """Return what CloudFormation gets for these parameter values. What they leave out has its default.

    SAM resolves some parameters while it transforms, so the result can differ with their values. Conditions stay as
    they are: CloudFormation evaluates them afterwards.
    """
    document = copy.deepcopy(document)
    for resource in document["Resources"].values():
        properties = resource.get("Properties", {})
        for artifact in properties.keys() & {"CodeUri", "ContentUri"}:
            # `sam package` has uploaded it by then.
            if not str(properties[artifact]).startswith("s3://"):
                properties[artifact] = "s3://artifacts/built"
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    transformed: Document = Translator({}, Parser()).translate(document, defaults_of(document) | dict(parameters))
    return transformed
