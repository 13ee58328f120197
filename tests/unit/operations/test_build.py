"""What is built is for the processor that it is deployed to."""

import dataclasses
import platform
import struct
from pathlib import Path

import pytest
from pydantic_core import _pydantic_core

from operations.building import build as building
from operations.building.build import build, machine_of, main, named_architecture, require_architecture
from operations.operator import Stopped
from operations.settings import settings_of
from operations.template import Template


def elf(path: Path, machine: int, order: str = "<") -> Path:
    """Write the beginning of an ELF file (its magic, class, byte order, type and machine)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"\x7fELF\x02" + (b"\x01" if order == "<" else b"\x02") + bytes(10) + struct.pack(f"{order}HH", 3, machine)
    )
    return path


@pytest.mark.parametrize(
    ("machine", "order", "expected"),
    [(62, "<", "x86_64"), (183, "<", "arm64"), (183, ">", "arm64"), (40, "<", "ELF machine 40")],
)
def test_the_header_tells_the_processor(tmp_path: Path, machine: int, order: str, expected: str) -> None:
    assert machine_of(elf(tmp_path / "a.so", machine, order)) == expected


def test_a_module_of_this_very_python_is_told_right() -> None:
    here = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    assert machine_of(Path(_pydantic_core.__file__)) == here


def test_one_module_for_another_processor_refuses_the_whole_build(tmp_path: Path) -> None:
    elf(tmp_path / "Layer" / "python" / "a.cpython-313.so", 183)
    require_architecture(tmp_path, "arm64")
    elf(tmp_path / "Layer" / "python" / "deep" / "b.so.1", 62)
    with pytest.raises(Stopped, match=r"b\.so\.1 is built for x86_64, but Architecture is arm64"):
        require_architecture(tmp_path, "arm64")


def test_what_is_no_elf_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.so").write_bytes(b"\xcf\xfa\xed\xfe")
    with pytest.raises(Stopped, match="no ELF file"):
        require_architecture(tmp_path, "arm64")


@pytest.mark.parametrize(
    ("given", "expected"), [([], "arm64"), (["Helpline=1"], "arm64"), (["Architecture=x86_64"], "x86_64")]
)
def test_the_processor_is_the_one_that_is_named_or_the_templates(given: list[str], expected: str) -> None:
    assert Template.read().parameters["Architecture"].default == "arm64"
    assert named_architecture("dev", given) == expected


def test_sam_is_told_the_processor_and_its_build_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    settings = settings_of("dev")

    def sam(*words: str) -> bool:
        said.extend(words)
        elf(tmp_path / "Layer" / "a.so", 183)
        return True

    monkeypatch.setattr(building, "sam", sam)
    monkeypatch.setattr(building, "compile_build", lambda _folder: None)
    monkeypatch.setattr(building, "settings_of", lambda _stage: dataclasses.replace(settings, build=tmp_path))
    assert main(["dev", "Architecture=x86_64"]) == 1
    assert said == ["build", "--config-env", "dev", "--parameter-overrides", "Architecture=x86_64"]
    assert "is built for arm64" in capsys.readouterr().err


def test_a_build_that_fails_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "sam", lambda *_words: False)
    with pytest.raises(Stopped, match="The build failed"):
        build(settings_of("dev"), "arm64")
