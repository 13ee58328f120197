"""What `sam build` puts into the layer and the functions."""

import importlib.util
import marshal
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from operations.building.compile_build import compile_build
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
    # Half a megabyte above what packages, code and texts take: they should not grow unnoticed.
    assert sum(path.stat().st_size for path in packages.rglob("*") if path.is_file()) < 21_500_000


def test_what_decrypts_forms_is_in_a_layer_of_its_own_and_fits_the_processor(built: Path, packages: Path) -> None:
    layer = built / "FormLayer" / "python"
    wheels = {path.parent.name: _wheel_fields(path) for path in layer.glob("*.dist-info/WHEEL")}

    assert {name.partition("-")[0] for name in wheels} == {"cryptography", "cffi", "pycparser"}
    assert not wheels.keys() & {path.parent.name for path in packages.glob("*.dist-info/WHEEL")}
    for name, fields in wheels.items():
        assert all(tag.endswith((f"_{MACHINE}", "-any")) for tag in fields["Tag"]), name
    # The packages themselves, without what the build compiles of them.
    files = [path for path in layer.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in files) < 17_000_000


def test_functions_carry_their_handler_only(built: Path) -> None:
    for folder in ("webhook", "consent", "form", "document"):
        name = f"{folder.title()}Function"
        assert {path.relative_to(built / name) for path in (built / name).rglob("*") if path.is_file()} == {
            Path("app.py"),
            Path("__pycache__/app.cpython-313.pyc"),
        }
        assert (built / name / "app.py").read_bytes() == (ROOT / "functions" / folder / "app.py").read_bytes()


def test_compiled_files_are_taken_as_they_are_and_name_the_places_that_lambda_unpacks_to(built: Path) -> None:
    for place, root in (("HelpdeskLayer", "/opt"), ("WebhookFunction", "/var/task"), ("DocumentFunction", "/var/task")):
        compiled = list((built / place).rglob("*.pyc"))

        assert compiled
        for path in compiled:
            content = path.read_bytes()
            source = Path(importlib.util.source_from_cache(path))
            assert content[:4] == importlib.util.MAGIC_NUMBER
            # A hash that is not compared (PEP 552): no time and no source decides whether the file counts.
            assert int.from_bytes(content[4:8], "little") == 0b01
            assert content[8:16] == importlib.util.source_hash(source.read_bytes())
            assert marshal.loads(content[16:]).co_filename == f"{root}/{source.relative_to(built / place)}"  # noqa: S302


def test_the_same_sources_are_compiled_to_the_same_bytes_wherever_they_lie(built: Path, tmp_path: Path) -> None:
    made = []
    for name in ("once", "again"):
        copy = tmp_path / name
        shutil.copytree(built, copy, ignore=shutil.ignore_patterns("__pycache__"))
        command: list[str | Path] = [sys.executable, "-m", "operations.building.compile_build", copy]
        subprocess.run(command, cwd=ROOT, check=True, timeout=120)  # noqa: S603
        made.append({path.relative_to(copy): path.read_bytes() for path in copy.rglob("*.pyc")})

    assert made[0]
    assert made[0] == made[1]


def test_a_source_that_cannot_be_compiled_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "WebhookFunction").mkdir()
    (tmp_path / "WebhookFunction" / "app.py").write_text("def lambda_handler(:\n")

    with pytest.raises(SyntaxError, match="WebhookFunction"):
        compile_build(tmp_path)


def test_every_module_is_compiled_and_needs_the_layers_and_the_runtime_only(packages: Path, tmp_path: Path) -> None:
    # The local stack would not notice a package missing in the layer: its functions see the developer's ones too.
    (installed,) = (Path(path) for path in sys.path if path.endswith("site-packages"))
    for name in RUNTIME_PACKAGES:
        (tmp_path / name).symlink_to(installed / name)
    program = (
        "import importlib, pkgutil, sys\n"
        f"sys.path[:0] = {[str(packages), str(packages.parents[1] / 'FormLayer' / 'python'), str(tmp_path)]!r}\n"
        "import helpdesk\n"
        "for module in pkgutil.walk_packages(helpdesk.__path__, 'helpdesk.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(helpdesk.__file__)\n"
    )

    # -I and -S: no environment, no site-packages.
    ran = subprocess.run(  # noqa: S603 - the words are this test's own
        [sys.executable, "-I", "-S", "-B", "-v", "-c", program],
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

    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.startswith(str(packages))
    # What -v says of a module that had to be compiled; where one was not, its file stands in quotes.
    assert not re.findall(rf"^# code object from {re.escape(str(packages))}/(.*)", ran.stderr, re.MULTILINE)
