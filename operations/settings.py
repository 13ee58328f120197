"""What samconfig.toml says about a stage. SAM and our own commands read the same file, so that they agree."""

import os
import shlex
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from operations.operator import Stopped

ROOT = Path(__file__).parents[1]
SAMCONFIG = ROOT / "samconfig.toml"
STAGES = ("local", "dev", "staging", "prod")
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True)
class Settings:
    """One stage of samconfig.toml."""

    stage: str
    region: str
    stack_name: str
    build: Path
    """Where `sam build` puts what is deployed."""
    parameters: Mapping[str, str]
    """The template's parameters that the file decides."""
    tags: Mapping[str, str]
    capabilities: tuple[str, ...]
    confirms: bool
    """Whether the operator is asked before anything is changed."""
    wait_minutes: int
    """How long a deployment may take before we stop waiting for it."""


def settings_of(stage: str, path: Path = SAMCONFIG) -> Settings:
    """Return what the file says about a stage."""
    file = tomllib.loads(path.read_text(encoding="utf-8"))
    deploy: Mapping[str, Any] = file[stage]["deploy"]["parameters"]
    build: Mapping[str, Any] = file[stage]["build"]["parameters"]
    return Settings(
        stage,
        file[stage]["global"]["parameters"]["region"],
        deploy["stack_name"],
        ROOT / build.get("build_dir", ".aws-sam/build"),
        _pairs(deploy.get("parameter_overrides", [])),
        _pairs(deploy.get("tags", [])),
        tuple(deploy["capabilities"].split()),
        bool(deploy["confirm_changeset"]),
        int(deploy["max_wait_duration"]),
    )


def _pairs(words: list[str]) -> dict[str, str]:
    # Quoted as SAM wants it: NAME='two words'.
    return dict("".join(shlex.split(word)).split("=", 1) for word in words)


def settle_region(region: str) -> None:
    """Have every client of this process work in the region that SAM deploys to.

    Raises Stopped if the shell names another: following it would look for the stack where SAM has not put it.
    """
    for variable in REGION_VARIABLES:
        if os.environ.get(variable, region) not in {region, ""}:
            raise Stopped(
                f"{variable} is {os.environ[variable]}, but samconfig.toml deploys to {region}. Run unset {variable}, "
                "or change the region of the stage in samconfig.toml."
            )
    os.environ.update(dict.fromkeys(REGION_VARIABLES, region))


def region_of(stack_name: str) -> str:
    """Return the region that a stack is deployed to; for one that samconfig.toml does not name, the default."""
    for stage in STAGES:
        settings = settings_of(stage)
        if settings.stack_name == stack_name:
            return settings.region
    region: str = tomllib.loads(SAMCONFIG.read_text(encoding="utf-8"))["default"]["global"]["parameters"]["region"]
    return region


def run(command: Callable[[], int]) -> int:
    """Do an operator's command, and return its exit status. What stops it is said in a line, never by a traceback."""
    try:
        return command()
    except (Stopped, ClientError, BotoCoreError) as stopped:
        print(stopped, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, EOFError):
        print("\nStopped.", file=sys.stderr)
        return 130
