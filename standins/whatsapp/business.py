"""What Meta knows beside the messages: the app, its webhook, the business account, the number's settings and the token.

Written from Meta's references of `subscriptions`, `subscribed_apps`, `debug_token`, `settings` and `health_status`. Not
in any of them, so ours: that an app which is not live is BLOCKED in the health status.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import request

from standins.whatsapp.errors import GraphError, missing, no_such_object

if TYPE_CHECKING:
    from standins.world import World

OBJECT = "whatsapp_business_account"
SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")

# In our own words, in the form of Meta's reference of `health_status`: errors for BLOCKED, additional_info for LIMITED.
_NO_PAYMENT_METHOD = {
    "error_code": 141006,
    "error_description": "The account has no valid payment method.",
    "possible_solution": "Add a payment method to the account.",
}
_LIMITED = "The business is not verified: its messaging limit is the lowest."


@dataclass
class Business:
    """What an operator sets up at Meta, as it is when all is well. Times in seconds since 1970."""

    app_live: bool = True
    fields: tuple[str, ...] = ("messages", "standby")
    """What the app's webhook is subscribed to."""
    unknown_fields: tuple[str, ...] = ()
    """What Meta does not let this app be subscribed to."""
    account_subscribed: bool = True
    """Whether the app gets what happens in the business account."""
    override_callback: str | None = None
    """Where the business account's webhooks go instead of to the app's own address."""
    storage_region: str | None = "IN"
    """Where message content rests; None: wherever Meta likes."""
    requires_proof: bool = False
    """Whether the app is set to "Require App Secret": a token alone is then of no use."""
    token_expires_at: int = 0
    """0: never, as a system user's token may."""
    scopes: tuple[str, ...] = SCOPES

    @property
    def delivers(self) -> bool:
        """Whether messages reach the webhook."""
        return self.app_live and self.account_subscribed and "messages" in self.fields


class BusinessApi:
    """The views. The Graph API's routes lead here once version and token have been looked at."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._config = world.config

    def health(self) -> dict[str, Any]:
        """Return the health of the number and of all that its messages go through."""
        found: dict[str, dict[str, Any]] = {}
        if not self._world.business.app_live:
            found["APP"] = {"can_send_message": "BLOCKED"}
        if not self._world.faults.habit("payment_method"):
            found["WABA"] = {"can_send_message": "BLOCKED", "errors": [_NO_PAYMENT_METHOD]}
        if self._world.faults.habit("limited"):
            found["BUSINESS"] = {"can_send_message": "LIMITED", "additional_info": [_LIMITED]}
        ids = {
            "PHONE_NUMBER": self._config.phone_number_id,
            "WABA": self._config.waba_id,
            "BUSINESS": self._config.business_id,
            "APP": self._config.app_id,
        }
        entities: list[dict[str, Any]] = [
            {"entity_type": kind, "id": number, **found.get(kind, {"can_send_message": "AVAILABLE"})}
            for kind, number in ids.items()
        ]
        states = {entity["can_send_message"] for entity in entities}
        worst = next(state for state in ("BLOCKED", "LIMITED", "AVAILABLE") if state in states)
        return {"can_send_message": worst, "entities": entities}

    def settings(self, owner: str) -> dict[str, Any]:
        """Return the number's settings."""
        self._check(owner, self._config.phone_number_id)
        region = self._world.business.storage_region
        storage = {"status": "DEFAULT"}
        if region is not None:
            storage = {"status": "IN_COUNTRY_STORAGE_ENABLED", "data_localization_region": region}
        return {"storage_configuration": storage}

    def subscribed_apps(self, owner: str) -> dict[str, Any]:
        """Return the apps that get the business account's webhooks."""
        self._check_account(owner)
        if not self._world.business.account_subscribed:
            return {"data": []}
        app: dict[str, Any] = {"whatsapp_business_api_data": {"id": self._config.app_id, "name": "Help desk"}}
        if self._world.business.override_callback is not None:
            app["override_callback_uri"] = self._world.business.override_callback
        return {"data": [app]}

    def subscribe_app(self, owner: str) -> dict[str, Any]:
        """Subscribe the app that the token belongs to."""
        self._check_account(owner)
        # Without a body, a subscription to its own address is over.
        self._world.business.account_subscribed, self._world.business.override_callback = True, None
        return {"success": True}

    def subscriptions(self, owner: str) -> dict[str, Any]:
        """Return where the app's webhooks go, and which."""
        self._check(owner, self._config.app_id)
        url = self._world.webhooks.url
        if url is None:
            return {"data": []}
        fields = [{"name": field, "version": self._config.graph_version} for field in self._world.business.fields]
        return {"data": [{"object": OBJECT, "callback_url": url, "active": True, "fields": fields}]}

    def subscribe(self, owner: str) -> dict[str, Any]:
        """Set where the webhooks go, once that address has answered the challenge."""
        self._check(owner, self._config.app_id)
        given = request.form
        for field in ("object", "callback_url", "verify_token", "fields"):
            if not given.get(field):
                raise missing(field)
        if given["object"] != OBJECT:
            raise GraphError(100, message=f"(#100) object must be {OBJECT}.")
        for field in given["fields"].split(","):
            if field in self._world.business.unknown_fields:
                raise GraphError(100, message=f"(#100) {field} is not a field of {OBJECT}.")
        if not self._world.webhooks.verify(given["callback_url"], given["verify_token"]):
            raise GraphError(2200, message="(#2200) Callback verification failed", status=400)
        self._world.webhooks.url = given["callback_url"]
        self._world.business.fields = tuple(given["fields"].split(","))
        return {"success": True}

    def debug_token(self) -> dict[str, Any]:
        """Return what the token that is asked about is good for."""
        business = self._world.business
        if request.args.get("input_token") != self._world.access_token:
            refused = {"code": 190, "message": "Invalid OAuth access token."}
            return {"data": {"app_id": self._config.app_id, "is_valid": False, "scopes": [], "error": refused}}
        return {
            "data": {
                "app_id": self._config.app_id,
                "type": "SYSTEM_USER",
                "application": "Help desk",
                "expires_at": business.token_expires_at,
                "is_valid": not self.token_expired(),
                "scopes": list(business.scopes),
            }
        }

    def token_expired(self) -> bool:
        """Return whether the access token is past its time."""
        return 0 < self._world.business.token_expires_at <= self._world.clock.now()

    def app_token(self) -> str:
        """Return what calls in the app's own name are made with."""
        return f"{self._config.app_id}|{self._world.webhooks.app_secret}"

    def _check(self, owner: str, expected: str) -> None:
        if owner != expected:
            raise no_such_object(request.method.lower(), owner)

    def _check_account(self, owner: str) -> None:
        self._check(owner, self._config.waba_id)
        if "whatsapp_business_management" not in self._world.business.scopes:
            raise GraphError(200)
