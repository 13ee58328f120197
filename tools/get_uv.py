"""Install the uv that requirements-dev.txt pins, with whatever this machine has.

Any Python 3.8 or later will do, with or without pip and venv: `python3 tools/get_uv.py requirements-dev.txt .uv`. The
hashes in the requirements are checked, whichever way it comes.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HELP = """\
uv could not be installed, since this Python has neither pip nor venv: {python}
Install one of them and run make again, for instance
  on Debian or Ubuntu:  apt-get install python3-venv
  on Fedora or RHEL:    dnf install python3-pip
or install uv itself: any uv on the PATH is used."""


def pinned(requirements: Path) -> str:
    """Return the lines of a requirements file that pin uv, hashes included."""
    match = re.search(r"^uv==(?:.*\\\n)*.*\n", requirements.read_text(encoding="utf-8"), re.MULTILINE)
    if not match:
        raise SystemExit("%s does not pin uv" % requirements)
    return match.group()


def can_import(name: str) -> bool:
    """Return whether this Python has a module."""
    return importlib.util.find_spec(name) is not None


def pip_of_this_python(_: Path) -> list[str] | None:
    """Return how to call pip if this Python has it."""
    return [sys.executable, "-m", "pip"] if can_import("pip") else None


def pip_of_a_venv(work: Path) -> list[str] | None:
    """Return how to call pip in an environment made for it, if this Python can make one."""
    if not can_import("ensurepip"):
        return None
    subprocess.run([sys.executable, "-m", "venv", str(work / "venv")], check=True)
    return [str(work / "venv" / "bin" / "python"), "-m", "pip"]


def pip_of_debian(work: Path) -> list[str] | None:
    """Return how to call the pip that Debian and Ubuntu package as a wheel, unpacked here and not installed."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return None

    def download() -> bool:
        command = ["apt-get", "download", "-qq", "python3-pip-whl"]
        return subprocess.run(command, check=False, cwd=str(work), stderr=subprocess.DEVNULL).returncode == 0

    # A machine whose package lists were never fetched knows no package.
    if not download() and (
        os.geteuid() or subprocess.run(["apt-get", "update", "-qq"], check=False).returncode or not download()
    ):
        return None
    package = next(work.glob("python3-pip-whl_*.deb"))
    subprocess.run(["dpkg-deb", "-x", str(package), str(work / "pip")], check=True)
    wheel = next((work / "pip").glob("usr/share/python-wheels/pip-*.whl"))
    return [sys.executable, str(wheel / "pip")]


def install(requirements: Path, folder: Path) -> None:
    """Install uv into a folder. Exits with what to do if no way works."""
    lines = pinned(requirements)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "uv.txt").write_text(lines, encoding="utf-8")
        for way in (pip_of_this_python, pip_of_a_venv, pip_of_debian):
            pip = way(work)
            if pip is None:
                continue
            options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--upgrade"]
            target = ["--target", str(folder), "--requirement", str(work / "uv.txt")]
            # What it says of the root user is about installing into the system, which this does not.
            environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
            if subprocess.run([*pip, "install", *options, *target], check=False, env=environment).returncode == 0:
                return
    found = shutil.which("uv")
    if not found:
        raise SystemExit(HELP.format(python=sys.executable))
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "bin" / "uv").symlink_to(found)


if __name__ == "__main__":
    install(Path(sys.argv[1]), Path(sys.argv[2]))
