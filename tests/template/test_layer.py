"""What `sam build` puts into the layer and the functions."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.template.cloudformation import ROOT

MACHINE = {"arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
# What Lambda's Python runtime brings along.
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "dateutil", "six.py", "jmespath", "urllib3")


@pytest.fixture(scope="module")
def packages(built: Path) -> Path:
    return built / "HelpdeskLayer" / "python"


def _wheel_fields(path: Path) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        name, separator, value = line.partition(":")
        if separator:
            fields.setdefault(name, []).append(value.strip())
    return fields


def test_the_help_desk_and_its_packages_are_where_lambda_looks_for_them(packages: Path) -> None:
    source = ROOT / "layers" / "helpdesk" / "helpdesk"
    modules = {path.relative_to(source) for path in source.rglob("*.py")}

    assert {path.relative_to(packages / "helpdesk") for path in (packages / "helpdesk").rglob("*.py")} == modules
    for name in ("aws_lambda_powertools", "pydantic", "requests"):
        assert (packages / name / "__init__.py").is_file()


def test_everything_that_is_compiled_fits_the_processor_and_python(packages: Path) -> None:
    wheels = {path.parent.name: _wheel_fields(path) for path in packages.glob("*.dist-info/WHEEL")}
    libraries = [path.name for path in packages.rglob("*.so")]

    assert len(wheels) >= 10
    assert any(fields["Root-Is-Purelib"] == ["false"] for fields in wheels.values())
    for name, fields in wheels.items():
        for tag in fields["Tag"]:
            python, abi, system = tag.split("-")
            if fields["Root-Is-Purelib"] == ["true"]:
                assert (abi, system) == ("none", "any"), name
            else:
                assert python == "cp313" or abi == "abi3", name
                assert system.startswith("manylinux"), name
                assert system.endswith(f"_{MACHINE}"), name
    assert libraries
    for name in libraries:
        assert f"{MACHINE}-linux-gnu" in name or "abi3" in name


def test_versions_are_those_that_were_pinned(packages: Path) -> None:
    pinned = dict(
        line.split(" ")[0].split("==")
        for line in (ROOT / "layers" / "helpdesk" / "requirements.txt").read_text().splitlines()
        if "==" in line
    )
    built = dict(
        path.name.removesuffix(".dist-info").replace("_", "-").lower().rsplit("-", 1)
        for path in packages.glob("*.dist-info")
    )
    developed_with = dict(
        line.split(" ")[0].split("==")
        for line in (ROOT / "requirements-dev.txt").read_text().splitlines()
        if "==" in line
    )

    assert built == pinned
    assert pinned.items() <= developed_with.items()


def test_the_layer_carries_nothing_that_lambda_has_or_nobody_needs(packages: Path) -> None:
    names = {path.name for path in packages.iterdir()}

    assert not names & {"boto3", "botocore", "s3transfer", "tests", "ministack", "pytest"}
    assert not [path for path in packages.rglob("*") if path.suffix == ".pyc" or path.name == "__pycache__"]
    assert sum(path.stat().st_size for path in packages.rglob("*") if path.is_file()) < 25 * 1024 * 1024


def test_functions_carry_their_handler_only(built: Path) -> None:
    for folder in ("webhook", "consent", "document"):
        name = f"{folder.title()}Function"
        assert [path.name for path in (built / name).iterdir()] == ["app.py"]
        assert (built / name / "app.py").read_bytes() == (ROOT / "functions" / folder / "app.py").read_bytes()


def test_every_module_can_be_imported_with_the_layer_and_the_runtime_alone(packages: Path, tmp_path: Path) -> None:
    # The local stack would not notice a package missing in the layer: its functions see the developer's ones too.
    (installed,) = (Path(path) for path in sys.path if path.endswith("site-packages"))
    for name in RUNTIME_PACKAGES:
        (tmp_path / name).symlink_to(installed / name)
    program = (
        "import importlib, pkgutil, sys\n"
        f"sys.path[:0] = [{str(packages)!r}, {str(tmp_path)!r}]\n"
        "import helpdesk\n"
        "for module in pkgutil.walk_packages(helpdesk.__path__, 'helpdesk.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(helpdesk.__file__)\n"
    )

    # -I and -S: no environment, no site-packages.
    ran = subprocess.run(  # noqa: S603 - the words are this test's own
        [sys.executable, "-I", "-S", "-B", "-c", program],
        cwd=tmp_path,
        env={
            "AWS_DEFAULT_REGION": "ap-south-1",
            "POWERTOOLS_METRICS_NAMESPACE": "Helpdesk",
            "POWERTOOLS_SERVICE_NAME": "test",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(str(packages))
