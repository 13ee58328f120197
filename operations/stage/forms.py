"""Brings the form to Meta: the key that phones encrypt for, the form's JSON, its endpoint, and the publishing.

What is there already is left alone. Source: Meta's Flows API and `whatsapp_business_encryption`.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

import boto3
import requests

from operations.stack import Stack
from operations.stage.graph import SECONDS, GraphRefusal, Meta

SIGN_IN = Path(__file__).parents[2] / "forms" / "sign_in.json"
CATEGORY = "SIGN_IN"
LIVE = frozenset({"PUBLISHED", "THROTTLED"})
"""States in which Meta sends the form."""


class FormFaulty(Exception):
    """WhatsApp finds faults in the form's JSON, or will not publish it; the message says which."""


@dataclass(frozen=True)
class Wanted:
    """The form as the deployed stack needs it."""

    name: str
    endpoint: str
    public_key: str
    """PEM"""
    form: bytes


def wanted_by(stack: Stack) -> Wanted | None:
    """Return the form that a stack needs at Meta; None where citizens sign in otherwise."""
    arn = stack.outputs.get("FormKeyArn")
    if arn is None:
        return None
    key = boto3.client("kms").get_public_key(KeyId=arn)["PublicKey"]
    return Wanted(stack.outputs["FormName"], stack.form_url, pem(key), SIGN_IN.read_bytes())


def pem(public_key: bytes) -> str:
    """Return a public key as Meta takes it. `public_key`: DER, as KMS gives it."""
    lines = wrap(base64.b64encode(public_key).decode(), 64)
    return "\n".join(("-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""))


def bring(meta: Meta, wanted: Wanted, *, publish: bool = True) -> Iterator[str]:
    """Make the form at Meta what the stack needs, and say what was done.

    Raises FormFaulty, and as Graph does. `publish` false: new messages keep the previous version.
    """
    yield _key(meta, wanted.public_key)
    flow_id = _find(meta, wanted.name)
    if flow_id is None:
        flow_id = _create(meta, wanted)
        yield f"{wanted.name} was made"
    yield _connect(meta, flow_id, wanted.endpoint)
    state = form_state(meta, flow_id)
    if state["status"] in LIVE and _published(meta, flow_id) == json.loads(wanted.form):
        yield f"{wanted.name} is published as it is here"
        return
    _upload(meta, flow_id, wanted.form)
    if publish:
        _publish(meta, flow_id)
        yield f"{wanted.name} is published"
    else:
        yield f"{wanted.name} is uploaded as a draft; look at it: {state['preview']['preview_url']}"


def form_state(meta: Meta, flow_id: str) -> Mapping[str, Any]:
    """Return what Meta knows of a form: status, health, versions, endpoint, preview."""
    fields = "id,name,status,validation_errors,json_version,data_api_version,endpoint_uri,health_status,application"
    return meta.by_user.get(flow_id, fields=f"{fields},preview.invalidate(false)").body


def find_form(meta: Meta, name: str) -> Mapping[str, Any] | None:
    """Return what Meta knows of the form of that name; None if there is none."""
    flow_id = _find(meta, name)
    return None if flow_id is None else form_state(meta, flow_id)


def key_status(meta: Meta) -> tuple[str, str]:
    """Return the public key that phones are given, as PEM, and whether its signature is VALID; both empty: no key."""
    body = meta.by_user.get(f"{meta.phone_number_id}/whatsapp_business_encryption").body
    # Both forms of the answer are seen: bare, and in a list.
    found = next(iter(body.get("data") or []), body)
    return str(found.get("business_public_key", "")), str(found.get("business_public_key_signature_status", ""))


def same_key(one: str, other: str) -> bool:
    """Return whether two PEMs hold the same key, however their lines are broken."""
    return "".join(one.split()) == "".join(other.split())


def _key(meta: Meta, public_key: str) -> str:
    known, status = key_status(meta)
    if known and same_key(known, public_key) and status == "VALID":
        return "phones have this stack's key already"
    meta.by_user.post(f"{meta.phone_number_id}/whatsapp_business_encryption", business_public_key=public_key)
    return "phones are given this stack's key"


def _find(meta: Meta, name: str) -> str | None:
    path, query = f"{meta.account_id}/flows", {"fields": "id,name,status", "limit": "100"}
    while True:
        body = meta.by_user.get(path, **query).body
        for flow in body["data"]:
            if flow["name"] == name and flow["status"] != "DEPRECATED":
                return str(flow["id"])
        after = body.get("paging", {}).get("cursors", {}).get("after")
        if not after or not body.get("paging", {}).get("next"):
            return None
        query["after"] = after


def _create(meta: Meta, wanted: Wanted) -> str:
    categories = json.dumps([CATEGORY])
    return str(meta.by_user.post(f"{meta.account_id}/flows", name=wanted.name, categories=categories).body["id"])


def _connect(meta: Meta, flow_id: str, endpoint: str) -> str:
    """See to it that the form asks our endpoint, and that our app's secret signs what it asks."""
    state = form_state(meta, flow_id)
    app = str(state.get("application", {}).get("id", ""))
    if state.get("endpoint_uri") == endpoint and app == meta.app_id:
        return f"its endpoint is {endpoint} already"
    meta.by_user.post(flow_id, endpoint_uri=endpoint, application_id=meta.app_id)
    return f"its endpoint is {endpoint} now"


def _published(meta: Meta, flow_id: str) -> object:
    """Return the form's JSON as Meta has it; None if it cannot be read."""
    for asset in meta.by_user.get(f"{flow_id}/assets").body.get("data", []):
        if asset.get("asset_type") == "FLOW_JSON":
            # The address is good on its own: no token is sent there.
            answer = requests.get(asset["download_url"], timeout=SECONDS, allow_redirects=False)
            try:
                return answer.json() if answer.ok else None
            except ValueError:
                return None
    return None


def _upload(meta: Meta, flow_id: str, form: bytes) -> None:
    body = meta.by_user.upload(
        f"{flow_id}/assets", ("flow.json", form, "application/json"), name="flow.json", asset_type="FLOW_JSON"
    ).body
    if errors := body.get("validation_errors"):
        raise FormFaulty("; ".join(str(error.get("message", error.get("error"))) for error in errors))


def _publish(meta: Meta, flow_id: str) -> None:
    try:
        meta.by_user.post(f"{flow_id}/publish")
    except GraphRefusal as refusal:
        raise FormFaulty(
            f"Meta will not publish the form (code {refusal.code}): the endpoint must answer, the business be "
            "verified, and the form be without errors in the Flow builder"
        ) from None
