"""Puts each function's parts together, once for each execution environment.

One module for each function, since each loads only what it needs. Tests hand in their own parts.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from helpdesk.snapshot import reset_around_snapshot
from helpdesk.storage.conversations import ConversationStore
from helpdesk.storage.secrets import Secret

if TYPE_CHECKING:
    from helpdesk.settings import Common
    from helpdesk.storage.aws import SecretsManagerClient

# AWS answers in milliseconds or not at all: waiting longer would only eat the time that another try needs.
AWS = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 3})
# A link must name the region (Meta follows no redirects for a signed link) and be signed with version 4.
S3 = AWS.merge(
    Config(signature_version="s3v4", s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"})
)

type Clock = Callable[[], float]
type Sleep = Callable[[float], None]
type Clients = Callable[..., Any]
"""Makes a client of AWS, from the service's name and a `config`."""


@contextmanager
def gc_frozen() -> Iterator[None]:
    """Build long-lived objects with the garbage collector off, then freeze them.

    Clients are tens of thousands of objects, and stay for as long as the environment does. Only for a function's own
    process: what is garbage elsewhere in it may stay, too.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def aws_client(service: str, config: Config = AWS) -> Any:
    """Make a client of AWS whose connections no snapshot keeps."""
    return reset_around_snapshot(boto3.client(service, config=config))


def read_secret(client: "SecretsManagerClient", arn: str, name: str, clock: Clock) -> Secret:
    """Return a secret whose value no snapshot keeps."""
    return reset_around_snapshot(Secret(client, arn, name, clock))


def conversations(common: "Common", client: Any, clock: Clock) -> ConversationStore:
    """Return the store of conversations. `client`: of DynamoDB."""
    return ConversationStore(client, common.table, clock, idle_seconds=common.rules.session_seconds)
