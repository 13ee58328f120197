"""A phone that fills in the form, in the world: it encrypts what it submits, and keeps to the form's rules."""

import hashlib
import hmac
import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests.world.cloud import APP_SECRET
from tests.world.form_keys import Phone, rsa_key
from tests.world.world import World
from tools.forms import SIGN_IN, data_faults

FORM: dict[str, Any] = json.loads(Path(SIGN_IN).read_text(encoding="utf-8"))
SETTINGS = {"SIGN_IN": "form", "FORM_FALLBACK": "chat", "FORM_NAME": "helpdesk-sign-in"}
"""What a desk has in its environment where citizens sign in by the form."""


class WrongScreen(AssertionError):
    """The phone would refuse an answer."""


class FormPhone:
    """One form on one phone."""

    def __init__(self, world: World, token: str) -> None:
        self.world = world
        self.token = token
        self.screen = ""
        """The one that is shown; empty before it is opened, and after it has closed."""
        self.data: dict[str, Any] = {}
        self.screens: list[str] = []
        """All that were shown."""
        self.status: int | None = None
        self.said = ""
        """Why the form was closed by us."""
        self.leaves_token_out = False

    @property
    def error(self) -> str:
        """What is wrong, as the screen says."""
        return str(self.data.get("error_message", ""))

    def open(self) -> "FormPhone":
        """Tap the button of the message."""
        self.screen = ""
        self.send("INIT", "", {})
        return self

    def submit(self, **fields: Any) -> "FormPhone":
        """Tap a button or a link of the screen."""
        carried = {"token": self.data["token"], "step": self.data["step"]}
        self.send("data_exchange", self.screen, {**fields, **carried})
        return self

    def back(self) -> "FormPhone":
        """Go back, from a screen that asks again."""
        shown = next(one for one in FORM["screens"] if one["id"] == self.screen)
        assert shown.get("refresh_on_back"), self.screen
        here, self.screen = self.screen, ""
        self.send("BACK", here, {})
        return self

    def send(self, action: str, screen: str, data: dict[str, Any], **more: Any) -> None:
        """Send a request, and show the answer."""
        request = {"version": "4.0", "action": action, "screen": screen, "data": data, "flow_token": self.token}
        if self.leaves_token_out:
            del request["flow_token"]
        phone = Phone(rsa_key().public_key())
        answer = self.post(phone.body(request | more))
        self.status = answer["statusCode"] if answer else None
        if self.status == HTTPStatus.OK and answer:
            self._show(phone.opened(answer["body"]))
        elif self.status == 427 and answer:
            self.said = phone.opened(answer["body"])["error_msg"]
            self.screen = ""

    def post(self, body: str, signature: str = "") -> dict[str, Any] | None:
        """Hand a body to the form function; None if that died."""
        mac = hmac.new(APP_SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": signature or f"sha256={mac}"}
        return self.world.invoke("form", {"httpMethod": "POST", "resource": "/form", "headers": headers, "body": body})

    def _show(self, answer: dict[str, Any]) -> None:
        """Show a screen. Raises WrongScreen as a phone reports an error."""
        screen, data = answer["screen"], answer["data"]
        if screen == "SUCCESS":
            assert data == {"extension_message_response": {"params": {"flow_token": self.token}}}
            self.screen, self.data = "", {}
            return
        leads_to = FORM["routing_model"].get(self.screen, list(FORM["routing_model"]))
        if screen != self.screen and screen not in leads_to:
            raise WrongScreen(f"{self.screen} -> {screen}")
        if faults := data_faults(FORM, screen, data):
            raise WrongScreen(str(faults))
        self.screen, self.data = screen, data
        self.screens.append(screen)
