"""A release has another name whenever callers would meet another function, and only then."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.deployment.release import next_release, release_of
from operations.template import Template

VALUES = {"Greeting": "hello", "Open": "true"}


def template(**changed: Any) -> dict[str, Any]:
    return {
        "Parameters": {"Greeting": {"Type": "String"}, "Open": {"Type": "String"}},
        "Globals": {"Function": {"MemorySize": changed.get("memory", 512)}},
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": changed.get("fifo", True)}},
            "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Threshold": changed.get("threshold", 1)}},
            "Layer": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "Layer"}},
            "Function": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "CodeUri": "Function",
                    "Layers": [{"Ref": "Layer"}],
                    "Environment": {"Variables": {"HELLO": {"Ref": "Greeting"}, "QUEUE": {"Ref": "Queue"}}},
                    "Events": {"Queue": {"Properties": {"Enabled": {"Ref": "Open"}}}},
                },
            },
        },
    }


@pytest.fixture
def build(tmp_path: Path) -> Path:
    for name in ("Layer", "Function"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text(name)
    return tmp_path


def release(build: Path, values: dict[str, str] | None = None, **changed: Any) -> str:
    (build / "template.yaml").write_text(yaml.safe_dump(template(**changed)))
    return release_of(Template.read(build / "template.yaml"), build, values or VALUES)


def test_the_same_build_with_the_same_parameters_is_the_same_release(build: Path) -> None:
    before = release(build)
    (build / "Layer" / "app.py").touch()
    assert release(build) == before


@pytest.mark.parametrize("changed", [{"memory": 1024}, {"fifo": False}], ids=str)
def test_another_function_or_another_resource_that_it_names_is_another_release(
    build: Path, changed: dict[str, Any]
) -> None:
    assert release(build, **changed) != release(build)


def test_another_file_of_a_layer_or_function_is_another_release(build: Path) -> None:
    releases = {release(build)}
    for name in ("Layer", "Function"):
        (build / name / "app.py").write_text("changed")
        releases.add(release(build))
    (build / "Function" / "app.py").rename(build / "Function" / "other.py")
    releases.add(release(build))
    assert len(releases) == 4


def test_a_parameter_that_a_function_reads_is_another_release_and_one_that_counts_at_once_is_not(build: Path) -> None:
    assert release(build, VALUES | {"Greeting": "namaste"}) != release(build)
    assert release(build, VALUES | {"Open": "false"}) == release(build)


def test_what_no_function_names_changes_no_release(build: Path) -> None:
    assert release(build, threshold=2) == release(build)


def test_after_a_rollback_the_same_build_gets_another_name_and_keeps_it() -> None:
    made, old, other = "a" * 64, "b" * 64, "c" * 64
    assert next_release(made, old, rolled_back_at=None) == made
    again = next_release(made, old, rolled_back_at="2026-01-01")
    assert Template.read().parameters["Release"].fault(again) is None
    # SAM takes the first ten letters for the version's name.
    assert again[:10] not in {made[:10], next_release(made, old, rolled_back_at="2026-01-02")[:10]}
    assert next_release(made, again, rolled_back_at=None) == again
    assert next_release(made, made, rolled_back_at="2026-01-01") == made
    assert next_release(other, again, rolled_back_at=None) == other
