"""Builds what is deployed, for its processor: python -m operations.building.build STAGE [NAME=VALUE ...]

`sam build` knows a parameter's default and nothing of the stack. A layer for the wrong processor deploys well, and
every function then dies at its import; so the processor is settled first, and what was built is looked at before it
goes out.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from operations.building.compile_build import compile_build
from operations.building.sam import sam
from operations.operator import Stopped
from operations.settings import STAGES, Settings, settings_of
from operations.template import Template

ARCHITECTURE = "Architecture"
_MACHINES = {62: "x86_64", 183: "arm64"}
"""ELF's numbers (e_machine: EM_X86_64, EM_AARCH64)."""


def build(settings: Settings, architecture: str) -> None:
    """Run `sam build` for a processor, and compile what it made. Raises Stopped."""
    if not sam("build", "--config-env", settings.stage, "--parameter-overrides", f"{ARCHITECTURE}={architecture}"):
        raise Stopped("The build failed; see above.")
    compile_build(settings.build)
    require_architecture(settings.build, architecture)


def require_architecture(folder: Path, architecture: str) -> None:
    """Raise Stopped if a compiled module in a build is for another processor than the functions run on."""
    for path in sorted(folder.rglob("*.so*")):
        machine = machine_of(path)
        if machine != architecture:
            raise Stopped(
                f"{path.relative_to(folder)} is built for {machine}, but {ARCHITECTURE} is {architecture}: every "
                "function would fail at its import. Remove .aws-sam and build again."
            )


def machine_of(module: Path) -> str:
    """Return the processor that a compiled module is for, as its ELF header says."""
    with module.open("rb") as file:
        header = file.read(20)
    if header[:4] != b"\x7fELF":
        return "no processor of Lambda's (it is no ELF file)"
    number = int.from_bytes(header[18:20], "little" if header[5] == 1 else "big")
    return _MACHINES.get(number, f"ELF machine {number}")


def named_architecture(stage: str, given: Sequence[str]) -> str:
    """Return the processor that SET, samconfig.toml or the template's default names."""
    default = str(Template.read().parameters[ARCHITECTURE].default)
    named = dict(word.split("=", 1) for word in given if "=" in word)
    return named.get(ARCHITECTURE) or settings_of(stage).parameters.get(ARCHITECTURE, default)


def main(arguments: list[str] | None = None) -> int:
    """Build the stage that is named, without asking AWS what is deployed."""
    parser = argparse.ArgumentParser(prog="make build", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("parameters", nargs="*", metavar="NAME=VALUE")
    wanted = parser.parse_args(arguments)
    try:
        build(settings_of(wanted.stage), named_architecture(wanted.stage, wanted.parameters))
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
