"""Reads the template as data: the short forms (`!Ref x`, `!GetAtt a.b`) become the long ones."""

from pathlib import Path
from typing import Any

from template_checks import conditions
from template_checks.transform import ROOT, defaults_of, load, transform

__all__ = ["ROOT", "Template", "as_list", "evaluate"]


OPERATING = {"TrialFunction", "WatchFunction"}
"""Functions that no citizen's message reaches: they try the others."""


class Template:
    """The parsed template, with the look-ups that the tests need."""

    def __init__(self, path: Path = ROOT / "template.yaml") -> None:
        self.text = path.read_text()
        self.document: dict[str, Any] = load(self.text)
        self.parameters: dict[str, dict[str, Any]] = self.document["Parameters"]
        self.resources: dict[str, dict[str, Any]] = self.document["Resources"]
        self.outputs: dict[str, Any] = self.document["Outputs"]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Properties of every resource of that type, by logical id."""
        return {name: resource["Properties"] for name, resource in self.resources.items() if resource["Type"] == kind}

    def serving(self) -> dict[str, dict[str, Any]]:
        """Properties of the functions that serve citizens."""
        functions = self.of_type("AWS::Serverless::Function")
        return {name: properties for name, properties in functions.items() if name not in OPERATING}

    def environment(self, function: str) -> dict[str, Any]:
        """The environment variables of a function, those of Globals included."""
        shared: dict[str, Any] = self.document["Globals"]["Function"]["Environment"]["Variables"]
        own: dict[str, Any] = self.resources[function]["Properties"]["Environment"]["Variables"]
        assert not shared.keys() & own.keys(), "a variable is declared twice"
        return shared | own

    def alarms(self) -> dict[str, dict[str, Any]]:
        """Properties of every alarm, by logical id."""
        return self.of_type("AWS::CloudWatch::Alarm")

    def measured(self, alarm: str) -> list[dict[str, Any]]:
        """What an alarm looks at, its namespace, name and dimensions: one metric, or those that it reckons with."""
        properties = self.resources[alarm]["Properties"]
        if "MetricName" in properties:
            return [properties]
        return [query["MetricStat"]["Metric"] for query in properties["Metrics"] if "MetricStat" in query]

    def statements(self) -> list[tuple[str, dict[str, Any]]]:
        """Every statement of every policy, with the logical id of the resource that it stands in."""
        found: list[tuple[str, dict[str, Any]]] = []
        for name, properties in self.of_type("AWS::IAM::Role").items():
            for policy in properties.get("Policies", []):
                found += ((name, statement) for statement in policy["PolicyDocument"]["Statement"])
        of_resources = {
            "AWS::KMS::Key": "KeyPolicy",
            "AWS::S3::BucketPolicy": "PolicyDocument",
            "AWS::SQS::QueuePolicy": "PolicyDocument",
            "AWS::SNS::TopicPolicy": "PolicyDocument",
            "AWS::SecretsManager::ResourcePolicy": "ResourcePolicy",
        }
        for kind, key in of_resources.items():
            for name, properties in self.of_type(kind).items():
                found += ((name, _there_at_all(statement)) for statement in properties[key]["Statement"])
        return found

    def deployed(self, **parameters: str) -> dict[str, dict[str, Any]]:
        """What SAM makes of the resources for a deployment with these parameters. Needs AWS_DEFAULT_REGION.

        Conditions stand as they are: CloudFormation works them out afterwards.
        """
        resources: dict[str, dict[str, Any]] = transform(self.document, parameters)["Resources"]
        return resources

    def exists(self, resource: str, **parameters: str) -> bool:
        """Return whether a deployment with these parameters has that resource of the template."""
        condition = self.resources[resource].get("Condition")
        return condition is None or self.holds(condition, **parameters)

    def holds(self, condition: str, **parameters: str) -> bool:
        """Work out a condition by its name."""
        return bool(
            conditions.evaluate({"Condition": condition}, defaults_of(self.document) | parameters, self.document)
        )

    def accepts(self, **parameters: str) -> bool:
        """Return whether every rule accepts a deployment with these parameters."""
        return not conditions.broken_rules(self.document, defaults_of(self.document) | parameters)


def as_list(value: Any) -> list[Any]:
    """What CloudFormation takes as one or as a list, as a list."""
    return value if isinstance(value, list) else [value]


def evaluate(condition: Any, parameters: dict[str, str]) -> Any:
    """Work out a condition or an assertion that refers to parameters only."""
    return conditions.evaluate(condition, parameters, {})


def _there_at_all(statement: dict[str, Any]) -> dict[str, Any]:
    """Return a statement that a condition may leave out."""
    match statement:
        case {"Fn::If": [_, dict(there), {"Ref": "AWS::NoValue"}]}:
            return there
    return statement
