"""Looks for what people get wrong, and says how to fix it: make doctor STAGE=dev.

Changes nothing. Needs the right to describe the stack, to read its three secrets, and to read quotas, the queue's
attributes, metrics and the alarm topic's subscriptions. Ends with 1 if there is something to fix.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import requests
from botocore.exceptions import BotoCoreError, ClientError

from operations.settings import run
from operations.stack import find_stack
from operations.stage import register
from operations.stage.checks import CHECKS, Check, Patient
from operations.stage.findings import CannotTell, Finding, Fine, Mend
from operations.stage.graph import GraphRefusal


@dataclass(frozen=True)
class Unknown:
    """A check that could not be made, and why."""

    why: str


def examine(patient: Patient, check: Check) -> Finding | Unknown:
    """Make one check. A service that refuses or does not answer is no finding about the desk."""
    try:
        return check(patient)
    except CannotTell as error:
        return Unknown(str(error))
    except GraphRefusal as error:
        return Unknown(f"{error}; see access token")
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        return Unknown(f"AWS refuses {error.operation_name} ({code})")
    # Without their own text: what was asked for is in it.
    except (BotoCoreError, requests.RequestException) as error:
        return Unknown(f"no answer ({type(error).__name__})")
    except (KeyError, TypeError, ValueError) as error:
        return Unknown(f"an answer that is not as documented ({type(error).__name__})")


def report(name: str, finding: Finding | Unknown) -> str:
    """Return a finding as it is printed."""
    match finding:
        case Fine(what):
            return f"  ok     {name:<21}{what}"
        case Mend(what, how):
            return f"  FIX    {name:<21}{what}\n         {'':<21}-> {how}"
        case Unknown(why):
            return f"  ?      {name:<21}{why}"


def examine_all(patient: Patient, checks: Sequence[Check] = CHECKS) -> int:
    """Make and print all checks; give how many found something to fix."""
    print(f"{patient.stack.name}, {len(checks)} checks\n")
    findings: list[Finding | Unknown] = []
    for check in checks:
        findings.append(examine(patient, check))
        print(report(check.__name__.replace("_", " "), findings[-1]), flush=True)
    mend = sum(isinstance(finding, Mend) for finding in findings)
    unknown = sum(isinstance(finding, Unknown) for finding in findings)
    print(f"\n{mend or 'nothing'} to fix{f', {unknown} that cannot be told from here' if unknown else ''}.")
    print(f"\nBy hand, once, as no API tells: {register.USERNAME}")
    return mend


def main(arguments: list[str] | None = None) -> int:
    """Examine the stack that is named."""
    parser = argparse.ArgumentParser(prog="make doctor", description=__doc__)
    parser.add_argument("stack", help="the name of the CloudFormation stack, such as helpdesk-dev")
    name = parser.parse_args(arguments).stack
    try:
        stack = find_stack(name)
    except (ClientError, BotoCoreError) as error:
        print(f"AWS does not let us look: {error}", file=sys.stderr)
        return 1
    if stack is None:
        print(f"There is no stack {name} in this account and region.", file=sys.stderr)
        return 1
    return 1 if examine_all(Patient(stack)) else 0


if __name__ == "__main__":
    sys.exit(run(main))
