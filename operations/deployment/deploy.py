"""Takes a desk from a checkout to a webhook that Meta calls: make deploy STAGE=dev.

First everything is settled that has to be asked, then it is built, then one step after the other: the stack, its
secrets, a try from outside, Meta's side. Each step looks first whether it is done. So a run that stopped is taken up
by the next one, and a run with nothing to do changes nothing and says so.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence

import boto3
import requests

from operations.deployment import changes
from operations.deployment.plan import Plan, make_ready, plan, propose
from operations.operator import Operator, Stopped, at_the_terminal
from operations.settings import STAGES, run, settings_of
from operations.stack import Stack, read_secret, stack_of
from operations.stage import credentials, forms, register
from operations.stage.graph import GraphRefusal, Meta, meta_of
from operations.stage.smoke import try_patiently
from operations.webhook import access_of


def deploy(stage: str, parameters: Sequence[str], operator: Operator, build: Callable[[Plan], None]) -> None:
    """Do every step. Raises Stopped."""
    planned = plan(stage, parameters, operator)
    build(planned)
    stack = deploy_stack(planned, operator)
    fill_secrets(stack, operator)
    # Before Meta is told: it calls at once to verify, and must find the function with its new secrets.
    try_it(stack, operator)
    tell_meta(stack, operator)


def deploy_stack(planned: Plan, operator: Operator) -> Stack:
    """Show what would change, and do it if the operator agrees."""
    settings = planned.settings
    name = propose(planned)
    if name is None:
        operator.tell("Stack", "as it was")
        return stack_of(settings.stack_name)
    cloudformation = boto3.client("cloudformation")
    operator.tell("", changes.table(cloudformation, settings.stack_name, name))
    if settings.confirms and not operator.agreed and not operator.confirm(f"Deploy this to {settings.stack_name}?"):
        cloudformation.delete_change_set(StackName=settings.stack_name, ChangeSetName=name)
        raise Stopped(
            "Nothing was deployed: the changes were not agreed to."
            + ("" if operator.present else " Without a terminal: make deploy ... YES=yes")
        )
    changes.execute(settings, name, operator.tell, time.sleep)
    operator.tell("Stack", "deployed")
    return stack_of(settings.stack_name)


def fill_secrets(stack: Stack, operator: Operator) -> None:
    """Ask for what is empty in the secrets."""
    try:
        written = credentials.fill(stack, operator.ask)
    except credentials.TwoPeppersError as error:
        raise Stopped(str(error)) from None
    if empty := credentials.empty_fields(stack):
        raise Stopped(f"Still empty: {', '.join(empty)}. Every call is refused until they are filled; run this again.")
    operator.tell("Secrets", f"written: {', '.join(written)}" if written else "all filled, none asked for")


def tell_meta(stack: Stack, operator: Operator) -> None:
    """Register the webhook, or say how it is done by hand."""
    access = access_of(stack)
    access_token = str(read_secret(stack.outputs["OutboundSecretArn"])["whatsapp_access_token"])
    try:
        meta = meta_of(stack.parameters, access_token, access.app_secret)
        operator.tell("Account", register.subscribe_account(meta))
        operator.tell(
            "Webhook", register.register_webhook(meta, stack.webhook_url, access.verify_token, operator.confirm)
        )
        bring_form(stack, meta, operator)
    except GraphRefusal as refusal:
        operator.tell("Webhook", f"{refusal}, so this is for you to do:")
        operator.tell("", register.by_hand(stack.webhook_url, stack.outputs["WebhookSecretArn"]))
    except requests.RequestException as error:
        # Without its own text: what was asked for is in it.
        raise Stopped(f"Meta's API does not answer ({type(error).__name__}). Run this again.") from None


def bring_form(stack: Stack, meta: Meta, operator: Operator) -> None:
    """Bring the form to Meta, where citizens sign in by it. Raises as Graph does."""
    wanted = forms.wanted_by(stack)
    if wanted is None:
        return
    try:
        for line in forms.bring(meta, wanted, publish=os.environ.get("FORM") != "draft"):
            operator.tell("Form", line)
    except forms.FormFaulty as faulty:
        raise Stopped(f"The form is not published: {faulty}. Run this again.") from None
    except GraphRefusal as refusal:
        raise Stopped(
            f"The form is not published: {refusal}. The token needs whatsapp_business_management. Run this again."
        ) from None


def try_it(stack: Stack, operator: Operator) -> None:
    """Call the webhook as Meta does."""
    if stack.only_meta_can_call:
        operator.tell("Tried", "not from here: only Meta has the certificate that the address asks for")
        return
    trials = try_patiently(stack.webhook_url, access_of(stack), operator.sleep)
    for trial in trials:
        answered = "no answer" if trial.answered is None else f"it answered {trial.answered}"
        operator.tell("Tried", trial.shows if trial.passed else f"NOT so: {trial.shows} ({answered})")
    if not all(trial.passed for trial in trials):
        raise Stopped(f"The webhook does not answer as it must. make doctor STAGE={stack.stage} says more.")


def main(arguments: list[str] | None = None) -> int:
    """Deploy the stage that is named."""
    parser = argparse.ArgumentParser(prog="make deploy", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("parameters", nargs="*", metavar="NAME=VALUE", help="parameters to change; others stay")
    given = parser.parse_args(arguments)
    stack_name = settings_of(given.stage).stack_name

    def work() -> int:
        operator = at_the_terminal(agreed=os.environ.get("YES") == "yes")
        tested = os.environ.get("TESTED") == "yes"
        deploy(given.stage, given.parameters, operator, lambda planned: make_ready(planned, tested=tested))
        print(f"{stack_name} is deployed. What is still amiss: make doctor STAGE={given.stage}")
        return 0

    return run(work)


if __name__ == "__main__":
    sys.exit(main())
