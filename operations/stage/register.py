"""Tells Meta where the webhook is: the app's subscription, and the business account's to the app.

What is there already is left alone. What Meta's API does not let us do is said, so that it can be done by hand.
"""

from collections.abc import Callable, Mapping
from typing import Any

from operations.stage.graph import INVALID_PARAMETER, GraphRefusal, Meta

OBJECT = "whatsapp_business_account"
FIELD = "messages"
"""All that the desk answers: what citizens send, and what became of its own messages."""
STANDBY = "standby"
"""Copies of what Meta's Business Agent answers in the desk's place; without it, such messages come nowhere."""

USERNAME = (
    "Reserve the department's business username: WhatsApp Manager > Account tools > Phone numbers > the number > "
    "Profile > Username. Citizens find the number by it, and nobody else can take it."
)
"""Possible since 29 June 2026, and only by hand."""

type Confirm = Callable[[str], bool]
"""Asks the operator a question that can be answered with yes."""


def subscription(meta: Meta) -> Mapping[str, Any] | None:
    """Return the app's subscription to WhatsApp's webhooks: `callback_url`, `active`, `fields`."""
    found = meta.by_app.get(f"{meta.app_id}/subscriptions").body["data"]
    return next((one for one in found if one["object"] == OBJECT), None)


def fields_of(one: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the fields that a subscription is for."""
    return tuple(str(field["name"]) for field in one.get("fields", []))


def account_entry(meta: Meta) -> Mapping[str, Any] | None:
    """Return what the business account has noted about our app; None if the app gets nothing from it."""
    apps = meta.by_user.get(f"{meta.account_id}/subscribed_apps").body["data"]
    return next((app for app in apps if str(app["whatsapp_business_api_data"]["id"]) == meta.app_id), None)


def register_webhook(meta: Meta, url: str, verify_token: str, confirm: Confirm) -> str:
    """Have Meta call this address, and say what was done. An address of another desk is replaced only on confirmation.

    Meta calls the address at once, with the verify token.
    """
    now = subscription(meta)
    before = fields_of(now) if now is not None else ()
    if now is not None and now["callback_url"] == url and now.get("active") and {FIELD, STANDBY} <= {*before}:
        return "Meta calls this address already"
    if (
        now is not None
        and now["callback_url"] != url
        and not confirm(f"The app's webhooks go to {now['callback_url']} now. Have them go to {url}?")
    ):
        return f"left as it is: Meta calls {now['callback_url']}"
    subscribed = {"object": OBJECT, "callback_url": url, "verify_token": verify_token}
    fields = dict.fromkeys([*before, FIELD, STANDBY])
    try:
        meta.by_app.post(f"{meta.app_id}/subscriptions", **subscribed, fields=",".join(fields))
    except GraphRefusal as refusal:
        if refusal.code != INVALID_PARAMETER:
            raise
        # Apps that Meta has not given its agent to may not know the field yet.
        del fields[STANDBY]
        meta.by_app.post(f"{meta.app_id}/subscriptions", **subscribed, fields=",".join(fields))
    return f"Meta calls {url} from now on"


def subscribe_account(meta: Meta) -> str:
    """Have the business account tell our app what happens in it, and say what was done."""
    entry = account_entry(meta)
    if entry is not None and "override_callback_uri" not in entry:
        return "the business account is subscribed already"
    meta.by_user.post(f"{meta.account_id}/subscribed_apps")
    return "the business account is subscribed from now on"


def by_hand(url: str, secret_arn: str) -> str:
    """Return the steps for which there is no API, or where it refused."""
    return f"""\
  1. https://developers.facebook.com/apps > the app > WhatsApp > Configuration: the callback URL
     {url}
     and as verify token the field verify_token of
     {secret_arn}
     (the console of Secrets Manager shows it). Verify and save, then subscribe to the fields {FIELD} and {STANDBY}.
  2. Business settings > Accounts > WhatsApp accounts > the account > Connected partners or apps: add the app; or
     POST /<WABA id>/subscribed_apps with a token that may whatsapp_business_management.
  3. Switch the app to Live, at the top of its dashboard. No API does that.
  4. {USERNAME}"""
