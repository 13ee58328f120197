"""An endpoint for forms that is this folder's own: it decrypts what a phone asks, and answers as a test tells it."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY = generate_private_key(65537, 2048)


def der(key: RSAPrivateKey = KEY) -> bytes:
    """Return the public key, as KMS gives it."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def pem(key: RSAPrivateKey = KEY) -> str:
    """Return the public key, as Meta takes it."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


class Endpoint:
    """Decrypts what phones ask and answers as told, in the clear; remembers both."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answers: list[Any] = []
        self.statuses: list[int] = []
        self.url = ""

    def answer(self, body: bytes, signature: str) -> tuple[int, bytes]:
        expected = hmac.new(b"app-secret", body, hashlib.sha256).hexdigest()
        assert signature == f"sha256={expected}"
        sealed = {name: base64.b64decode(value) for name, value in json.loads(body).items()}
        try:
            key = KEY.decrypt(sealed["encrypted_aes_key"], OAEP(MGF1(SHA256()), SHA256(), None))
        except ValueError:
            self.asked.append({})
            return 421, b""
        clear = json.loads(AESGCM(key).decrypt(sealed["initial_vector"], sealed["encrypted_flow_data"], None))
        self.asked.append(clear)
        if clear["action"] == "ping":
            answer: Any = {"data": {"status": "active"}}
        elif "error" in clear.get("data", {}):
            answer = {"data": {"acknowledged": True}}
        else:
            answer = self.answers.pop(0)
        if isinstance(answer, bytes):
            return 200, answer
        inverted = bytes(byte ^ 255 for byte in sealed["initial_vector"])
        written = base64.b64encode(AESGCM(key).encrypt(inverted, json.dumps(answer).encode(), None))
        return self.statuses.pop(0) if self.statuses else 200, written


@contextmanager
def answering() -> Iterator[Endpoint]:
    """Serve an endpoint on a free port."""
    told = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, content = told.answer(body, self.headers["X-Hub-Signature-256"])
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_address[1]}/form"
    yield told
    server.shutdown()
    server.server_close()
    thread.join()
