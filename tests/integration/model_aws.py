"""AWS as the world's model plays it, for functions that run in threads."""

import threading
from collections.abc import Mapping
from typing import Any

import boto3

from standins.clock import Clock
from standins.config import SimulatorConfig
from tests.world.calls import Calls
from tests.world.cloud import ENVIRONMENT, Bucket, Cloud, secrets


class Linked(Bucket):
    """The bucket, with links that the desk's own server answers."""

    address = ""

    def generate_presigned_url(self, _operation: str, *, Params: dict[str, str], **_: Any) -> str:  # noqa: N803
        return f"{self.address}/objects/{Params['Key']}"


class Model:
    """The resources that the template makes, in the model: one call at a time."""

    dead_letter_urls: Mapping[str, str] = {"WORK_QUEUE_URL": "dead work", "REPLY_QUEUE_URL": "dead reply"}

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._bucket = Linked(objects={})
        self._cloud: Cloud
        self._clients: dict[str, Any] = {}

    def client(self, service: str, **_: Any) -> Any:
        """Return a client, as boto3 does."""
        if service not in self._clients:
            self._clients[service] = _OneAtATime(self._cloud.client(service), self._lock)
        return self._clients[service]

    def patches(self, clock: Clock) -> tuple[tuple[object, str, object], ...]:
        """Return what has to stand in for what, while it is used."""
        self._cloud = Cloud(Calls(), clock.now, bucket=self._bucket)
        return ((boto3, "client", self.client),)

    def file(self, key: str) -> bytes | None:
        """Return what a link leads to."""
        return self._bucket.objects.get(key)

    def is_empty(self, url: str) -> bool:
        """Return whether nothing lies on a queue."""
        return not any(len(queue) for queue in self._cloud.queues if queue.name == url)

    def close(self) -> None:
        """Nothing runs."""

    def resources(self, config: SimulatorConfig, address: str) -> dict[str, str]:
        """Fill the secrets. Returns what the functions' environment says of the resources."""
        self._bucket.address = address
        self._cloud.secrets.put(secrets(config))
        names = ("_TABLE", "_QUEUE_URL", "_QUEUE_ARN", "KEY_ARN", "_BUCKET", "_SECRET_ARN")
        return {name: value for name, value in ENVIRONMENT.items() if name.endswith(names)}


class _OneAtATime:
    """A client whose calls wait for each other."""

    def __init__(self, client: Any, lock: threading.RLock) -> None:
        self._client = client
        self._lock = lock

    def __getattr__(self, method: str) -> Any:
        real = getattr(self._client, method)
        if not callable(real):
            return real

        def locked(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                return real(*args, **kwargs)

        return locked
