"""What both clients rely on when they call others."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter

from helpdesk import bootstrap, outbound
from helpdesk.service import digilocker_gateway, digilocker_requests
from helpdesk.whatsapp.client import WhatsAppClient
from tests.template.cloudformation import Template
from tests.unit.raw_server import RawServer, Script, http

ADDRESS = "http://service.example.org/"
PATIENT = outbound.Timeouts(connect=30, read=30)
ANSWER = http(b"after all")
SLOW_ANSWER = http(b"x" * 50)


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING])
def test_the_http_library_logs_no_paths_whatever_the_level_of_our_log(level: int) -> None:
    assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(level)
    assert not logging.getLogger("urllib3.connection").isEnabledFor(level)


def test_an_answer_shows_neither_its_headers_nor_its_body() -> None:
    assert repr(outbound.Answer(200, {"x": "secret"}, b"secret")) == "Answer(status=200)"


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000, b"9" * 5000])
def test_what_is_no_json_is_none(body: bytes) -> None:
    assert outbound.decode(body) is None


@pytest.mark.parametrize(
    ("body", "decoded"),
    [
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b' \r\n{"a": 1}\n\x00\x00', {"a": 1}),
        ('{"a": "\u0905"}'.encode("utf-16"), {"a": "\u0905"}),
        (b'{"a": "Caf\xe9", "b": "\xe0\xa4\x85"}', {"a": "Caf\ufffd", "b": "\u0905"}),
        (b'{"a": "one\nline\ttab"}', {"a": "one\nline\ttab"}),
    ],
)
def test_what_surrounds_json_or_is_no_utf_8_in_it_hides_nothing(body: bytes, decoded: object) -> None:
    assert outbound.decode(body) == decoded


def test_a_deadline_that_has_passed_leaves_nothing() -> None:
    assert outbound.Deadline.after(-1).left() == 0
    assert 9 < outbound.Deadline.after(10).left() <= 10


# The time that a call may take


@dataclass
class Outside(BaseAdapter):
    """A service on a clock of its own. Each call takes the next of `takes` seconds and never gets a connection."""

    takes: list[float]
    now: float = 0.0
    given: list[tuple[float, float, float]] = field(default_factory=list)
    """The seconds that each call was given: in all, to connect, to wait for the answer."""

    def __post_init__(self) -> None:
        super().__init__()

    def send(self, _request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        timeout = options["timeout"]
        assert isinstance(timeout, urllib3.Timeout)
        assert isinstance(timeout.total, float)
        assert isinstance(timeout.connect_timeout, float)
        assert isinstance(timeout.read_timeout, float)
        self.given.append((timeout.total, timeout.connect_timeout, timeout.read_timeout))
        self.now += self.takes.pop(0)
        raise requests.ConnectTimeout

    def call(self, monkeypatch: pytest.MonkeyPatch, seconds: float, timeouts: outbound.Timeouts) -> None:
        """Call it with so many seconds left."""
        monkeypatch.setattr(outbound, "time", SimpleNamespace(monotonic=lambda: self.now))
        session = outbound.plain_session()
        session.mount("http://", self)
        deadline = outbound.Deadline.after(seconds)
        outbound.start(session, requests.Request("GET", ADDRESS), deadline=deadline, timeouts=timeouts)


def test_a_call_is_given_its_timeouts_and_in_all_what_is_left_until_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outside = Outside(takes=[3.0, 3.0])
    with pytest.raises(outbound.NothingSent):
        outside.call(monkeypatch, 20.0, outbound.Timeouts(connect=3.0, read=10.0))
    assert outside.given == [(20.0, 3.0, 10.0), (17.0, 3.0, 10.0)]


def test_the_second_try_at_connecting_gets_only_what_the_first_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    outside = Outside(takes=[3.0, 2.0])
    with pytest.raises(outbound.NothingSent):
        outside.call(monkeypatch, 5.0, outbound.Timeouts(connect=3.0, read=10.0))
    assert outside.given == [(5.0, 3.0, 5.0), (2.0, 2.0, 2.0)]


def test_a_first_try_that_has_taken_all_the_time_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    outside = Outside(takes=[5.0])
    with pytest.raises(outbound.NothingSent):
        outside.call(monkeypatch, 5.0, outbound.Timeouts(connect=5.0, read=10.0))
    assert len(outside.given) == 1


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize(
    ("script", "call"),
    [
        pytest.param([10.0, ANSWER], outbound.start, id="accepts and says nothing"),
        pytest.param([ANSWER[:20], 10.0, ANSWER[20:]], outbound.start, id="stops in its headers"),
        pytest.param(
            [SLOW_ANSWER[:-50], *(0.1, b"x") * 50],
            lambda *given, **options: outbound.exchange(*given, **options, limit=100),
            id="sends its body byte by byte",
        ),
    ],
)
def test_a_server_that_would_answer_after_the_deadline_is_not_waited_for(
    script: Script, call: Callable[..., object]
) -> None:
    with RawServer(script) as server:
        request = requests.Request("GET", server.url)
        with pytest.raises(outbound.NoAnswer):  # whoever waits gets an answer from each of them
            call(outbound.plain_session(), request, deadline=outbound.Deadline.after(0.3), timeouts=PATIENT)
        assert len(server.requests) == 1


# The time that an invocation may take


@pytest.fixture(scope="module")
def template() -> Template:
    return Template()


@pytest.fixture(scope="module")
def seconds(template: Template) -> float:
    """What Lambda gives an invocation, less one connection to AWS that is lost and made anew."""
    timeout: float = template.resources["DocumentFunction"]["Properties"]["Timeout"]
    lost: float = bootstrap.AWS.connect_timeout
    return timeout - lost


def one_call_to_whatsapp() -> float:
    """Return the seconds that a call takes at the most: its client gives it these as its deadline."""
    timeouts = WhatsAppClient("https://graph.example.org", "v26.0", "1", lambda: "token")._timeouts
    return 2 * timeouts.connect + timeouts.read


def test_a_job_and_its_reply_end_before_lambda_ends_them(seconds: float, template: Template) -> None:
    """The usual course of an invocation: one deadline for all of DigiLocker, then one reply; in between, AWS.

    Bounded by clocks of our own: all calls to DigiLocker together, and each call to WhatsApp. Bounded by nothing but
    the function's timeout: a server that sends its headers byte by byte; the resolution of a name; AWS in more trouble
    than one lost connection (it may wait 5 s for an answer, three times over, at each call); and, after DigiLocker has
    taken all of its time, a second call to WhatsApp that takes all of its own: a document that is refused and goes by
    upload, or an access token that is read afresh. What Lambda ends stands in the outbox and is taken up again.
    """
    assert digilocker_requests.JOB_SECONDS + one_call_to_whatsapp() < seconds
    hidden = [row["Seconds"] for row in template.document["Mappings"]["Visibility"].values()]
    assert template.resources["DocumentFunction"]["Properties"]["Timeout"] <= min(hidden)


def test_a_job_whose_token_nobody_keeps_gives_it_back_in_time(seconds: float) -> None:
    given: list[float] = []

    class Client:
        def revoke(self, _token: str, seconds: float, *, kind: str) -> None:
            assert kind in {"access_token", "refresh_token"}
            given.append(seconds)

    unused: Any = None
    unasked = dict.fromkeys(("pull", "directory", "documents", "secret", "links"), unused)
    kept = digilocker_gateway.DigiLockerGateway(client=Client(), **unasked)  # type: ignore[arg-type]
    kept.revoke("access")
    kept.revoke("refresh", is_refresh=True)
    assert digilocker_requests.JOB_SECONDS + sum(given) < seconds


def test_a_reply_of_unknown_fate_is_probed_for_uploaded_and_sent_in_time(seconds: float) -> None:
    assert 3 * one_call_to_whatsapp() < seconds
