"""The first verb on a machine that has make and some Python 3, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = ROOT / ".uv" / "bin" / "uv"
RELEASE = "20260101/cpython-3.13.0%2B20260101-test-install_only_stripped.tar.gz"
LEFT_OUT = {"test", "idlelib", "site-packages", "__pycache__", "tkinter", "ensurepip"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A fresh clone, as far as the first verb needs it, with uv as the only tool to install."""
    folder = tmp_path / "project"
    (folder / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copy(ROOT / "tools" / "get_uv.py", folder / "tools")
    (folder / "requirements-dev.txt").write_text(lines_that_pin_uv())
    return folder


@pytest.fixture
def without_python_313(tmp_path: Path) -> dict[str, str]:
    """An environment in which uv looks for a Python in an empty folder only, and asks a mirror that is a folder too."""
    return {
        **os.environ,
        "UV_PYTHON_PREFERENCE": "only-managed",
        "UV_PYTHON_INSTALL_DIR": str(tmp_path / "pythons"),
        "UV_PYTHON_INSTALL_MIRROR": (tmp_path / "mirror").as_uri(),
        "UV_PYTHON_DOWNLOADS_JSON_URL": str(tmp_path / "downloads.json"),
    }


def lines_that_pin_uv() -> str:
    requirements = (ROOT / "requirements-dev.txt").read_text()
    start = requirements.index("\nuv==") + 1
    return requirements[start:].partition("\nurllib3")[0].partition("\nwerkzeug")[0] + "\n"


def announce(folder: Path) -> None:
    """Write the list of Pythons that uv can download: this machine's."""
    name = subprocess.run(
        [UV, "python", "list", "--output-format", "json", "--only-downloads", "3.13"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "UV_PYTHON_PREFERENCE": "only-managed"},
    ).stdout
    newest = json.loads(name)[0]
    family, libc = newest["arch"], newest["libc"]
    entry = {
        "name": "cpython",
        "arch": {"family": family, "variant": None},
        "os": newest["os"],
        "libc": libc,
        "major": 3,
        "minor": 13,
        "patch": 0,
        "prerelease": "",
        "url": f"https://github.com/astral-sh/python-build-standalone/releases/download/{RELEASE}",
        "sha256": None,
        "variant": None,
        "build": "20260101",
    }
    (folder / "downloads.json").write_text(json.dumps({f"cpython-3.13.0-{newest['os']}-{family}-{libc}": entry}))


def fill_the_mirror(folder: Path) -> None:
    """Pack the Python that runs the tests as a release of the mirror."""
    archive = folder / "mirror" / RELEASE.replace("%2B", "+")
    archive.parent.mkdir(parents=True)
    base = Path(sys.base_prefix)
    with tarfile.open(archive, "w:gz", compresslevel=1) as release:
        release.add((base / "bin" / "python3.13").resolve(), "python/bin/python3.13")
        release.add(
            base / "lib" / "python3.13",
            "python/lib/python3.13",
            filter=lambda file: None if LEFT_OUT & set(Path(file.name).parts) or file.name.endswith(".a") else file,
        )
        for library in (base / "lib").glob("libpython*"):
            release.add(library, f"python/lib/{library.name}")


def first_verb(project: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["make", ".venv/bin/python"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_where_there_is_no_python_313_uv_gets_one(
    project: Path, without_python_313: dict[str, str], tmp_path: Path
) -> None:
    announce(tmp_path)
    fill_the_mirror(tmp_path)

    ran = first_verb(project, without_python_313)

    assert ran.returncode == 0, ran.stderr
    python = project / ".venv" / "bin" / "python"
    version = subprocess.run([python, "-V"], check=True, capture_output=True, text=True).stdout
    assert version.startswith("Python 3.13.")
    assert (tmp_path / "pythons").resolve() in python.resolve().parents


def test_where_it_cannot_be_had_the_verb_says_what_to_do(
    project: Path, without_python_313: dict[str, str], tmp_path: Path
) -> None:
    announce(tmp_path)

    ran = first_verb(project, without_python_313)

    assert ran.returncode != 0
    assert "Python 3.13 is needed" in ran.stderr
    assert "UV_PYTHON_INSTALL_MIRROR" in ran.stderr
    assert "Traceback" not in ran.stderr


def get_uv(
    project: Path, *missing: str, python: str = sys.executable, path: str = os.environ["PATH"]
) -> "subprocess.CompletedProcess[str]":
    """Run the script by a Python that lacks modules which some systems package apart."""
    without = (
        "import importlib.util as u, runpy, sys\n"
        "find = u.find_spec\n"
        f"u.find_spec = lambda name, package=None: None if name in {missing!r} else find(name, package)\n"
        "sys.argv = ['get_uv.py', 'requirements-dev.txt', '.uv']\n"
        "runpy.run_path('tools/get_uv.py', run_name='__main__')\n"
    )
    return subprocess.run(
        [python, "-c", without],
        cwd=project,
        env={**os.environ, "PATH": path},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("missing", [(), ("pip",)], ids=["pip", "venv but no pip"])
def test_uv_comes_in_the_pinned_version_by_what_python_has(project: Path, missing: tuple[str, ...]) -> None:
    ran = get_uv(project, *missing)

    assert ran.returncode == 0, ran.stderr
    version = subprocess.run([project / ".uv/bin/uv", "--version"], check=True, capture_output=True, text=True).stdout
    assert version.split()[1] == lines_that_pin_uv().split()[0].removeprefix("uv==")


@pytest.mark.skipif(not shutil.which("apt-get"), reason="Debian's own way, and this is not Debian")
def test_debians_python_without_pip_and_venv_gets_uv_too(project: Path) -> None:
    ran = get_uv(project, "pip", "ensurepip", python="/usr/bin/python3")

    assert ran.returncode == 0, ran.stderr
    assert (project / ".uv/bin/uv").exists()


def test_where_nothing_works_it_says_what_to_install(project: Path, tmp_path: Path) -> None:
    ran = get_uv(project, "pip", "ensurepip", path=str(tmp_path))

    assert ran.returncode == 1
    assert "apt-get install python3-venv" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_download_that_is_not_what_was_pinned_is_refused(project: Path, tmp_path: Path) -> None:
    requirements = project / "requirements-dev.txt"
    version = requirements.read_text().split()[0]
    requirements.write_text(f"{version} \\\n    --hash=sha256:{'0' * 64}\n")

    ran = get_uv(project, "ensurepip", path=str(tmp_path))

    assert ran.returncode == 1
    assert not (project / ".uv" / "bin" / "uv").exists()
