"""What tests/conftest.py does for every run, seen from outside: pytest runs small files of its own."""

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import stay_together

ROOT = Path(__file__).parents[2]
FAST_AND_SLOW = """
import subprocess
import sys
import time

import pytest

@pytest.fixture
def slow():
    time.sleep(0.3)

def test_fast(): pass

def test_with_a_slow_fixture(slow): pass

def test_works_in_another_process():
    subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 1.5: pass"], check=True)
"""
MANY = "\n".join(f"def test_{number}(): pass" for number in range(12))


def run(folder: Path, *options: str) -> tuple[int, str]:
    """Run the tests of a folder, with the plugins that are named alone: to look for all of them takes a second."""
    plugins = [
        word for name in ("pytest_timeout", "xdist", "tests.conftest", "no:cacheprovider") for word in ("-p", name)
    ]
    words = ["-m", "pytest", *plugins, "-c", os.devnull, "--rootdir", str(folder), *options, str(folder)]
    done = subprocess.run(  # noqa: S603 - its words are this test's own
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def order(folder: Path, *options: str) -> list[str]:
    _, output = run(folder, "--collect-only", "-q", *options)
    return re.findall(r"(test_\w+\.py::test_\d+)\n", output)


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["one process", "two"])
def test_the_end_tells_wall_and_processor_time_and_the_slowest_tests(
    tmp_path: Path, processes: tuple[str, ...]
) -> None:
    (tmp_path / "test_times.py").write_text(FAST_AND_SLOW)

    status, output = run(tmp_path, *processes)

    assert status == 0
    told = re.search(r"(\d+) s, of processors (\d+) s", output)
    assert told is not None
    assert int(told[2]) >= 2  # the child's too
    slowest = re.findall(r"([\d.]+) s  \S+::(test_\w+)", output)
    assert [name for _, name in slowest[:2]] == ["test_works_in_another_process", "test_with_a_slow_fixture"]
    assert float(slowest[1][0]) >= 0.3  # with its fixtures


def test_no_more_than_ten_of_the_slowest_are_told(tmp_path: Path) -> None:
    (tmp_path / "test_many.py").write_text(MANY)
    assert len(re.findall(r"[\d.]+ s  \S+::test_", run(tmp_path)[1])) == 10


def test_a_test_that_hangs_is_ended_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "test_hangs.py").write_text("import time\ndef test_hangs(): time.sleep(60)\ndef test_passes(): pass\n")

    status, output = run(tmp_path, "--timeout", "0.5")

    assert status == 1
    assert "Timeout (>0.5s)" in output
    assert "1 failed, 1 passed" in output


def test_every_test_has_a_time_limit_and_one_on_a_deployed_stack_a_longer_one(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    for kind in ("end_to_end", "unit"):
        (tmp_path / "tests" / kind).mkdir(parents=True)
        (tmp_path / "tests" / kind / f"test_{kind}.py").write_text(
            "def test_limit(request):\n"
            "    limit = request.node.get_closest_marker('timeout')\n"
            f"    print('limit', {kind!r}, limit.args[0] if limit else 'usual')\n"
        )

    _, output = run(tmp_path, "-s")

    usual = float(request.config.getini("timeout"))
    assert usual > 0
    assert "limit unit usual" in output
    (longer,) = re.findall(r"limit end_to_end (\d+)", output)
    assert int(longer) > usual


def test_the_order_is_made_from_a_seed_and_leaves_the_tests_of_a_file_together(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"test_{name}.py").write_text(MANY)

    as_written = order(tmp_path)
    shuffled = order(tmp_path, "--shuffle", "1")

    assert len(as_written) == 36
    assert shuffled == order(tmp_path, "--shuffle", "1")
    assert shuffled != as_written
    assert shuffled != order(tmp_path, "--shuffle", "2")
    assert sorted(shuffled) == sorted(as_written)
    files = [test.partition("::")[0] for test in shuffled]
    assert sum(one != other for one, other in itertools.pairwise(files)) == 2


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("tests/unit/test_a.py::test_x", "tests/unit/test_a.py::test_y[1]", True),
        ("tests/unit/test_a.py::test_x", "tests/unit/test_b.py::test_x", False),
        ("tests/end_to_end/test_a.py::test_x", "tests/end_to_end/test_b.py::test_y[1]", True),
        ("tests/end_to_end/test_a.py::test_x", "tests/end_to_end/test_a.py::test_x[ask 1.x]", False),
        ("tests/end_to_end/test_a.py::test_x[refuse 2.4-1]", "tests/browser/test_b.py::test_x[refuse 2.4]", True),
    ],
)
def test_what_shares_a_deployed_stack_is_run_by_one_process(one: str, other: str, together: bool) -> None:
    assert (stay_together(one) == stay_together(other)) is together
