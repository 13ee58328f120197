"""How a container's cold start is measured."""

import http.client
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.benchmarks import image

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


def ask(port: int, method: str, path: str, body: str | None = None) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, f"/2018-06-01/runtime/{path}", body)
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer


def test_a_runtime_client_gets_a_call_and_gives_its_answer() -> None:
    with image.runtime_interface() as (port, answers):
        assert ask(port, "GET", "invocation/next") == "{}"
        ask(port, "POST", "invocation/1/response", '{"cpu_ms": 5}')
        assert answers.get(timeout=20) == '{"cpu_ms": 5}'


def starting(answer: str) -> object:
    """Return a stand-in for Docker, whose container answers its first call with this."""

    def docker(*words: str) -> subprocess.CompletedProcess[str]:
        if words[0] == "run":
            endpoint = next(word for word in words if word.startswith("AWS_LAMBDA_RUNTIME_API="))
            port = int(endpoint.rpartition(":")[2])
            ask(port, "GET", "invocation/next")
            ask(port, "POST", "invocation/1/response", answer)
        return subprocess.CompletedProcess(words, 0, "container", "")

    return docker


def test_a_cold_start_is_the_cpu_time_until_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    contender = image.Contender(Path("task"), Path("layer"))
    monkeypatch.setattr(image, "_docker", starting('{"cpu_ms": 5.5}'))
    assert image.cold_start("image", contender) == 5.5
    monkeypatch.setattr(image, "_docker", starting('{"errorType": "Runtime.ImportModuleError"}'))
    with pytest.raises(image.NotMeasured, match="ImportModuleError"):
        image.cold_start("image", contender)


def test_where_there_is_no_docker_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(image.NotMeasured, match="there is no Docker"):
        image.find_image()
