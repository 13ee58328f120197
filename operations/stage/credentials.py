"""Puts what Meta and DigiLocker gave you into the stack's secrets: make secrets STAGE=dev.

Each value is asked for without showing it; it is in no command, history, log or file. A field that is filled
already is kept by Enter; `make deploy` does not even ask for it. A new app secret goes in front of the one before it,
and both count, so that nothing is refused while Meta changes over.

Nobody is asked for the rest: `settle` makes what has to be made and moves what belongs elsewhere.
"""

import argparse
import getpass
import json
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import boto3

from operations.settings import run
from operations.stack import Stack, read_secret, stack_of

type Ask = Callable[[str], str]
"""Shows a prompt and reads what is typed, unseen."""

APP_SECRETS = "app_secrets"
VERIFY_TOKEN = "verify_token"  # noqa: S105 - the field's name
PEPPER = "id_pepper"
TRACKING_KEY = "tracking_key"
APP_SECRET = "app_secret"  # noqa: S105 - the field's name
DROP = "-"
"""Typed for the app secret, it drops the older one."""


@dataclass(frozen=True)
class Field:
    """One field of a secret. `output`: the stack's output that names the secret."""

    output: str
    name: str
    about: str


FIELDS = (
    Field("WebhookSecretArn", APP_SECRETS, "App secret (Meta app > Settings > Basic; - drops the older of two)"),
    Field("WebhookSecretArn", VERIFY_TOKEN, "Verify token (a long random word; Enter makes one up)"),
    Field("OutboundSecretArn", "whatsapp_access_token", "WhatsApp access token (of the system user)"),
    Field("OutboundSecretArn", "digilocker_client_id", "DigiLocker client id"),
    Field("OutboundSecretArn", "digilocker_client_secret", "DigiLocker client secret"),
)


def fill(stack: Stack, ask: Ask, *, again: bool = False) -> tuple[str, ...]:
    """Ask for the fields that are empty, or `again` for all of them; give the names of those that were written.

    A secret is written once, when all of its fields have been asked for, and only if something of it is new.
    """
    written: list[str] = []
    for output in dict.fromkeys(field.output for field in FIELDS):
        before = read_secret(stack.outputs[output])
        after = dict(before)
        for field in FIELDS:
            if field.output == output and (again or is_empty(before, field.name)):
                after[field.name] = _asked(field, before.get(field.name), ask)
        if after != before:
            boto3.client("secretsmanager").put_secret_value(
                SecretId=stack.outputs[output], SecretString=json.dumps(after)
            )
            written += (name for name in after if after[name] != before.get(name))
    return (*written, *settle(stack))


class TwoPeppersError(ValueError):
    """Both secrets have a pepper, and not the same one. Somebody has to decide which counts."""

    def __init__(self) -> None:
        super().__init__(
            "id_pepper of WebhookSecret differs from that of IdentitySecret, by which ids are made now. "
            "Take the wrong one out by hand: where conversations and consents are found by it, it is the right one."
        )


def settle(stack: Stack) -> tuple[str, ...]:
    """Write what nobody is asked for, and return the names of the fields that were written or taken out.

    The pepper is copied to IdentitySecret in one run, and taken out of WebhookSecret by the next one that finds it in
    both: until then the previous version can be deployed again, and breaking off anywhere does no harm. Raises
    TwoPeppersError.
    """
    webhook, outbound, identity = (read_secret(stack.outputs[name]) for name in _SECRETS)
    if is_empty(identity, PEPPER):
        if not is_empty(webhook, PEPPER):
            identity |= {PEPPER: webhook[PEPPER]}
    elif not is_empty(webhook, PEPPER):
        if identity[PEPPER] != webhook[PEPPER]:
            raise TwoPeppersError
        del webhook[PEPPER]
    if is_empty(outbound, TRACKING_KEY):
        outbound |= {TRACKING_KEY: secrets.token_hex(32)}
    if not is_empty(webhook, APP_SECRETS):
        outbound |= {APP_SECRET: _newest(webhook)}
    settled: list[str] = []
    for name, after in zip(_SECRETS, (webhook, outbound, identity), strict=True):
        before = read_secret(stack.outputs[name])
        if after != before:
            boto3.client("secretsmanager").put_secret_value(
                SecretId=stack.outputs[name], SecretString=json.dumps(after)
            )
            settled += (field for field in before | after if before.get(field) != after.get(field))
    return tuple(settled)


_SECRETS = ("WebhookSecretArn", "OutboundSecretArn", "IdentitySecretArn")
"""The outputs that name the secrets."""


def _newest(webhook: Mapping[str, object]) -> object:
    """Return the app secret that Meta goes by now."""
    app_secrets = webhook[APP_SECRETS]
    return app_secrets[0] if isinstance(app_secrets, list) else app_secrets


def empty_fields(stack: Stack) -> tuple[str, ...]:
    """Return the names of the fields that have still to be filled."""
    found = {output: read_secret(stack.outputs[output]) for output in {field.output for field in FIELDS}}
    return tuple(field.name for field in FIELDS if is_empty(found[field.output], field.name))


def is_empty(fields: Mapping[str, object], name: str) -> bool:
    """Return whether the functions would find nothing in a field."""
    match fields.get(name):
        case str(value):
            return not value.strip()
        case [*values]:
            return not any(isinstance(value, str) and value.strip() for value in values)
    return True


def _asked(field: Field, now: object, ask: Ask) -> object:
    """Return what a field is to hold: what was typed, or what it holds now."""
    filled = not is_empty({field.name: now}, field.name)
    typed = ask(f"{field.about}{', Enter keeps it' if filled else ''}: ").strip()
    if not typed and field.name == VERIFY_TOKEN and not filled:
        return secrets.token_urlsafe(32)
    if not typed:
        return now
    if field.name == APP_SECRETS:
        return _app_secrets(typed, now if isinstance(now, list) else [])
    return typed


def _app_secrets(typed: str, now: list[object]) -> list[object]:
    """Return the app secrets that count: the newest first, and the one before it until it is over at Meta too."""
    if typed == DROP:
        return now[:1]
    return [typed, *[one for one in now if one != typed][:1]]


def main(arguments: list[str] | None = None) -> int:
    """Ask for every field of the stack that is named."""
    parser = argparse.ArgumentParser(prog="make secrets", description=__doc__)
    parser.add_argument("stack", help="the name of the CloudFormation stack, such as helpdesk-dev")
    stack = stack_of(parser.parse_args(arguments).stack)
    written = fill(stack, getpass.getpass, again=True)
    print(f"Written: {', '.join(written)}." if written else "Nothing was changed.")
    if empty := empty_fields(stack):
        print(f"Still empty: {', '.join(empty)}. Until they are filled, every call is refused.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
