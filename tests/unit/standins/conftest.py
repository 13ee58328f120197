"""A world of stand-ins for each test, with a clock that tests move, and a listener that plays the help desk."""

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from copy import replace
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from standins.config import SimulatorConfig
from standins.server import create_app
from standins.world import World

CONFIG = SimulatorConfig(
    app_secret="app-secret",
    verify_token="verify-token",
    phone_number_id="100000000000001",
    access_token="access-token",
    client_id="TESTCLIENT",
    client_secret="test-secret",
    status_delay=0.001,
    retry_gaps=(0.0, 0.01, 0.02),
    slow_seconds=0.05,
    stuck_seconds=0.1,
)
ASHA = "919000000001"
DIGILOCKER = "/digilocker/public"


@dataclass
class Listener:
    """An HTTP server that remembers what it was sent and answers as told, 200 when it was told nothing."""

    url: str = ""
    received: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[tuple[int, str, bytes]] = field(default_factory=list)
    otherwise: tuple[int, str, bytes] = (200, "text/plain", b"")

    def bodies(self) -> list[bytes]:
        return [body for _, _, _, body in self.received]


@pytest.fixture
def listener(socket_enabled: None) -> Iterator[Listener]:
    told = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            told.received.append((self.command, self.path, dict(self.headers), body))
            status, media_type, content = told.answers.pop(0) if told.answers else told.otherwise
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Stage:
    """A world, and a client that calls it as the help desk and its citizens do."""

    world: World
    client: FlaskClient

    # WhatsApp

    def graph(self, body: object, path: str = "messages") -> TestResponse:
        url = f"/graph/v26.0/{self.world.config.phone_number_id}/{path}"
        return self.client.post(url, json=body, headers={"Authorization": "Bearer access-token"})

    def send(self, **message: Any) -> TestResponse:
        return self.graph({"messaging_product": "whatsapp", "to": f"+{ASHA}", **message})

    def text(self, body: str = "hello", **more: Any) -> TestResponse:
        return self.send(type="text", text={"body": body}, **more)

    def says(self, text: str = "Hi", number: str = ASHA) -> Any:
        return self.client.post(f"/phones/{number}/messages", json={"text": text}).get_json()

    def chat(self, number: str = ASHA) -> Any:
        self.settle()
        return self.client.get(f"/phones/{number}/messages").get_json()

    def settle(self) -> None:
        assert self.world.background.settle(5)

    # DigiLocker

    def verify(self, edition: int = 2, **changed: str) -> TestResponse:
        ts = changed.pop("ts", str(int(self.world.clock.now())))
        form = {"clientid": "TESTCLIENT", "uid": "999999990019", "ts": ts, **changed}
        who = form.get("uid") or form.get("mobile", "")
        form.setdefault("hmac", hashlib.sha256(f"test-secretTESTCLIENT{who}{ts}".encode()).hexdigest())
        return self.client.post(f"{DIGILOCKER}/account/{edition}/verify", data=form, content_type="multipart/form-data")

    def ask_code(self, **form: str) -> TestResponse:
        given = {"response_type": "device_code", "client_id": "TESTCLIENT", **form}
        return self.client.post(f"{DIGILOCKER}/oauth2/1/code", data=given)

    def redeem(self, device_code: str, otp: str, **form: str) -> TestResponse:
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        given = {"grant_type": grant, "client_id": "TESTCLIENT", "device_code": device_code, "dl_otp": otp, **form}
        return self.client.post(f"{DIGILOCKER}/oauth2/1/token", data=given)

    def last_otp(self, mobile: str) -> str:
        return str(self.client.get(f"/phones/{mobile}/sms").get_json()[-1]["otp"])

    def sign_in(self, name: str) -> str:
        """Return an access token of the citizen with that name."""
        citizen = next(one for one in self.world.citizens if one.name == name)
        code = self.ask_code(dl_username=citizen.aadhaar).get_json()["device_code"]
        return str(self.redeem(code, self.last_otp(citizen.mobile or "")).get_json()["access_token"])

    def read(self, path: str, token: str) -> TestResponse:
        return self.client.get(f"{DIGILOCKER}/oauth2/{path}", headers={"Authorization": f"Bearer {token}"})

    def uri(self, name: str, doctype: str) -> str:
        citizen = next(one for one in self.world.citizens if one.name == name)
        return next(document.uri for document in citizen.issued if document.doctype == doctype)


def file_hmac(content: bytes) -> str:
    return base64.b64encode(hmac.digest(b"test-secret", content, "sha256")).decode()


type Staging = Callable[..., Stage]


@pytest.fixture
def staging() -> Iterator[Staging]:
    """Makes a stage whose configuration differs from the usual in what is given."""
    worlds: list[World] = []

    def make(**changes: Any) -> Stage:
        world = World(replace(CONFIG, **changes))
        worlds.append(world)
        return Stage(world, create_app(world).test_client())

    yield make
    for world in worlds:
        world.close()


@pytest.fixture
def stage(staging: Staging) -> Stage:
    return staging()


@pytest.fixture(scope="module")
def lasting() -> Iterator[Stage]:
    """A stage on which Asha has just written, shared by the tests of a module that only look at refusals."""
    world = World(CONFIG)
    stage = Stage(world, create_app(world).test_client())
    stage.says()
    yield stage
    world.close()


@pytest.fixture
def heard(staging: Staging, listener: Listener) -> Stage:
    """A stage whose webhooks the listener takes."""
    return staging(webhook_url=f"{listener.url}/webhook")


@pytest.fixture
def usual() -> SimulatorConfig:
    return CONFIG


@pytest.fixture
def right_hmac() -> Callable[[bytes], str]:
    return file_hmac
