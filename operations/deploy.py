"""Takes a desk from what `sam build` made to a webhook that Meta calls: make deploy STAGE=dev.

One step after the other: the stack, its secrets, a try from outside, Meta's side. Each looks first whether it is done,
so a run that broke off is taken up by the next one, and a run with nothing to do changes nothing and says so.
"""

import argparse
import getpass
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import requests
from botocore.exceptions import BotoCoreError, ClientError

from operations import credentials, register
from operations.credentials import Ask
from operations.graph import GraphRefusal, meta_of
from operations.sam import overrides, sam
from operations.samples import desk_of
from operations.smoke import try_patiently
from operations.stack import Stack, find_stack, read_secret

STAGES = ("local", "dev", "staging", "prod")
FAILED_AT_FIRST = "ROLLBACK_COMPLETE"
"""A first deployment that failed leaves a stack that can only be deleted."""


class Stopped(Exception):
    """A step cannot be done. The message says why and what to do."""


@dataclass(frozen=True)
class Operator:
    """Who is asked and told, and waits."""

    ask: Ask
    confirm: register.Confirm
    tell: Callable[[str, str], None]
    sleep: Callable[[float], None]


def deploy(stage: str, parameters: Sequence[str], operator: Operator) -> None:
    """Do every step. Raises Stopped."""
    stack = deploy_stack(f"helpdesk-{stage}", stage, parameters, operator)
    fill_secrets(stack, operator)
    # Before Meta is told: it calls at once to verify, and must find the function with its new secrets.
    try_it(stack, operator)
    tell_meta(stack, operator)


def deploy_stack(name: str, stage: str, parameters: Sequence[str], operator: Operator) -> Stack:
    """Have `sam deploy` create or update the stack. The first time it asks for each parameter."""
    before = find_stack(name)
    if before is not None and before.status == FAILED_AT_FIRST:
        raise Stopped(
            f"The first deployment of {name} failed, and what is left of it can only be deleted:\n"
            f"    aws cloudformation delete-stack --stack-name {name}\n"
            f"    aws cloudformation wait stack-delete-complete --stack-name {name}\n"
            "Mend what CloudFormation said, then run this again."
        )
    guided = [] if before is not None or stage == "local" else ["--guided"]
    if not sam("deploy", "--config-env", stage, *guided, *overrides(stage, parameters)):
        raise Stopped("The stack was not deployed; see above. Run this again when it is mended.")
    after = find_stack(name)
    if after is None:
        raise Stopped("The stack was not deployed: the changes were not agreed to.")
    operator.tell("Stack", "as it was" if before == after else "deployed")
    return after


def fill_secrets(stack: Stack, operator: Operator) -> None:
    """Ask for what is empty in the secrets."""
    written = credentials.fill(stack, operator.ask)
    if empty := credentials.empty_fields(stack):
        raise Stopped(f"Still empty: {', '.join(empty)}. Every call is refused until they are filled; run this again.")
    operator.tell("Secrets", f"written: {', '.join(written)}" if written else "all filled, none asked for")


def tell_meta(stack: Stack, operator: Operator) -> None:
    """Register the webhook, or say how it is done by hand."""
    desk = desk_of(stack)
    access_token = str(read_secret(stack.outputs["OutboundSecretArn"])["whatsapp_access_token"])
    try:
        meta = meta_of(stack.parameters, access_token, desk.app_secret)
        operator.tell("Account", register.subscribe_account(meta))
        operator.tell(
            "Webhook", register.register_webhook(meta, stack.webhook_url, desk.verify_token, operator.confirm)
        )
    except GraphRefusal as refusal:
        operator.tell("Webhook", f"{refusal}, so this is for you to do:")
        operator.tell("", register.by_hand(stack.webhook_url, stack.outputs["WebhookSecretArn"]))
    except requests.RequestException as error:
        # Without its own text: what was asked for stands in it.
        raise Stopped(f"Meta's API does not answer ({type(error).__name__}). Run this again.") from None


def try_it(stack: Stack, operator: Operator) -> None:
    """Call the webhook as Meta does."""
    if stack.only_meta_can_call:
        operator.tell("Tried", "not from here: only Meta has the certificate that the address asks for")
        return
    trials = try_patiently(stack.webhook_url, desk_of(stack), operator.sleep)
    for trial in trials:
        answered = "no answer" if trial.answered is None else f"it answered {trial.answered}"
        operator.tell("Tried", trial.shows if trial.passed else f"NOT so: {trial.shows} ({answered})")
    if not all(trial.passed for trial in trials):
        raise Stopped(f"The webhook does not answer as it must. make doctor STAGE={stack.stage} says more.")


def at_the_terminal() -> Operator:
    """Give the operator who runs this."""
    return Operator(getpass.getpass, _confirmed, _told, _waited)


def _confirmed(question: str) -> bool:
    return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}


def _told(step: str, what: str) -> None:
    print(f"  {step:<9}{what}" if step else what, flush=True)


def _waited(seconds: float) -> None:
    print("  ...      functions read a changed secret within half a minute; trying once more soon", flush=True)
    time.sleep(seconds)


def main(arguments: list[str] | None = None) -> int:
    """Deploy the stage that is named."""
    parser = argparse.ArgumentParser(prog="make deploy", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("parameters", nargs="*", metavar="NAME=VALUE", help="parameters to change; others stay")
    given = parser.parse_args(arguments)
    try:
        deploy(given.stage, given.parameters, at_the_terminal())
    except (Stopped, ClientError, BotoCoreError) as stopped:
        print(stopped, file=sys.stderr)
        return 1
    print(f"helpdesk-{given.stage} is deployed. What is still amiss: make doctor STAGE={given.stage}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
