"""The Graph API's endpoints for forms (Flows) and for the key that phones encrypt for.

Written from Meta's references of Flows and of `whatsapp_business_encryption`. Not in any of them, so ours: the words of
the refusals.
"""

import json
from typing import TYPE_CHECKING, Any

from flask import request

from standins.whatsapp import flow_json
from standins.whatsapp.errors import GraphError, missing, no_such_object
from standins.whatsapp.flows import Flow, read_key

if TYPE_CHECKING:
    from standins.world import World

CATEGORIES = frozenset(
    {
        *("SIGN_UP", "SIGN_IN", "APPOINTMENT_BOOKING", "LEAD_GENERATION", "SHOPPING"),
        *("CONTACT_US", "CUSTOMER_SUPPORT", "SURVEY", "OTHER"),
    }
)
_BLOCKED = {"can_send_message": "BLOCKED"}


class FlowApi:
    """The views. The Graph API's routes lead here once version and token have been looked at."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._config = world.config

    # The key

    def encryption(self, owner: str) -> dict[str, Any]:
        """Return the public key, and whether its signature holds."""
        self._check(owner, self._config.phone_number_id)
        flows = self._world.flows
        if not flows.public_key:
            return {"data": []}
        status = "VALID" if flows.key_signed else "MISMATCH"
        key = {"business_public_key": flows.public_key, "business_public_key_signature_status": status}
        return {"data": [key]}

    def set_key(self, owner: str) -> dict[str, Any]:
        """Take the public key that phones are to encrypt for."""
        self._check(owner, self._config.phone_number_id)
        pem = request.form.get("business_public_key", "")
        if not pem:
            raise missing("business_public_key")
        if read_key(pem) is None:
            raise GraphError(100, message="(#100) business_public_key must be an RSA public key of 2048 bits, as PEM.")
        with self._world.lock:
            self._world.flows.public_key, self._world.flows.key_signed = pem, True
        return {"success": True}

    # Forms

    def listed(self, owner: str) -> dict[str, Any]:
        """Return the account's forms."""
        self._check_account(owner)
        with self._world.lock:
            flows = list(self._world.flows.by_id.values())
        return {"data": [self._shown(flow, ["id", "name", "status", "categories"]) for flow in flows]}

    def create(self, owner: str) -> dict[str, Any]:
        """Make a form, as a draft."""
        self._check_account(owner)
        given = self._given()
        name, categories = given.get("name"), given.get("categories")
        if not isinstance(name, str) or not name:
            raise missing("name")
        if isinstance(categories, str):
            categories = json.loads(categories)
        if not isinstance(categories, list) or not categories or not {*categories} <= CATEGORIES:
            raise GraphError(100, message="(#100) categories must be a list of categories of Flows.")
        with self._world.lock:
            if self._world.flows.find(name=name) is not None:
                raise GraphError(100, message="(#100) Flow name is not unique", subcode=4016019, status=400)
            flow = self._world.flows.add(name, tuple(categories))
            self._change(flow, given)
        return {"id": flow.id, "success": True, "validation_errors": []}

    def update(self, flow_id: str) -> dict[str, Any]:
        """Change what a form is called, where its endpoint is, and which app it belongs to."""
        flow = self._flow(flow_id)
        with self._world.lock:
            self._change(flow, self._given())
        return {"success": True}

    def upload(self, flow_id: str) -> dict[str, Any]:
        """Take a form's JSON. A form that was published is a draft again; the messages sent keep their version."""
        flow = self._flow(flow_id)
        if request.form.get("asset_type") != "FLOW_JSON" or request.form.get("name") != "flow.json":
            raise GraphError(100, message="(#100) name must be flow.json, and asset_type FLOW_JSON.")
        file = request.files.get("file")
        if file is None:
            raise missing("file")
        with file.stream:
            form, errors = flow_json.read(file.read())
        with self._world.lock:
            if flow.status == "DEPRECATED":
                raise GraphError(139001)
            flow.draft, flow.validation_errors, flow.status = form, errors, "DRAFT"
        return {"success": not errors, "validation_errors": errors}

    def assets(self, flow_id: str) -> dict[str, Any]:
        """Return where the form's JSON can be read."""
        flow = self._flow(flow_id)
        url = f"{request.url_root.rstrip('/')}/graph/downloads/flows/{flow.id}"
        return {"data": [{"name": "flow.json", "asset_type": "FLOW_JSON", "download_url": url}]}

    def download(self, flow_id: str) -> dict[str, Any]:
        """Return the form's JSON, as it was uploaded last. The address is good on its own: no token is asked for."""
        found = self._world.flows.by_id.get(flow_id)
        if found is None:
            raise no_such_object("get", flow_id)
        return found.draft

    def publish(self, flow_id: str) -> dict[str, Any]:
        """Publish a draft, once everything that a phone needs is there."""
        flow = self._flow(flow_id)
        with self._world.lock:
            refused = self._not_publishable(flow)
            endpoint, needs_endpoint = flow.endpoint_uri, "data_api_version" in flow.draft
        if refused:
            raise GraphError(139002, refused)
        if needs_endpoint and not self._world.forms.ping(endpoint):
            raise GraphError(139002, "The endpoint is not available: it does not answer the health check.")
        with self._world.lock:
            flow.published.append(flow.draft)
            flow.status = "PUBLISHED"
        return {"success": True}

    def _not_publishable(self, flow: Flow) -> str:
        if flow.status == "DEPRECATED" or not flow.draft:
            return "There is no draft to publish."
        if flow.validation_errors:
            return "The Flow JSON has validation errors."
        if "data_api_version" not in flow.draft:
            return ""
        if not self._world.flows.public_key or not self._world.flows.key_signed:
            return "The phone number has no signed public key."
        if not flow.endpoint_uri:
            return "The endpoint's address is missing."
        if flow.application_id != self._config.app_id:
            return "The Flow is not connected to an app."
        return ""

    def deprecate(self, flow_id: str) -> dict[str, Any]:
        """End a published form: it cannot be sent any more, and cannot be opened."""
        flow = self._flow(flow_id)
        with self._world.lock:
            if not flow.was_published:
                raise GraphError(139003)
            flow.status = "DEPRECATED"
            flow.published.clear()
        return {"success": True}

    def delete(self, flow_id: str) -> dict[str, Any]:
        """Delete a form that was never published."""
        flow = self._flow(flow_id)
        with self._world.lock:
            if flow.was_published:
                raise GraphError(139004)
            del self._world.flows.by_id[flow.id]
        return {"success": True}

    def one(self, flow_id: str) -> dict[str, Any]:
        """Return what is asked about a form."""
        flow = self._flow(flow_id)
        with self._world.lock:
            return self._shown(
                flow, request.args.get("fields", "id,name,status,categories,validation_errors").split(",")
            )

    def is_known(self, flow_id: str) -> bool:
        """Return whether there is a form of that id."""
        return flow_id in self._world.flows.by_id

    def _shown(self, flow: Flow, fields: list[str]) -> dict[str, Any]:
        newest = flow.published[-1] if flow.published else flow.draft
        link = f"https://business.facebook.com/wa/manage/flows/{flow.id}/preview/?token={flow.id[::-1]}"
        known: dict[str, Any] = {
            "id": flow.id,
            "name": flow.name,
            "status": self.status(flow),
            "categories": list(flow.categories),
            "validation_errors": flow.validation_errors,
            "json_version": newest.get("version"),
            "data_api_version": newest.get("data_api_version"),
            "endpoint_uri": flow.endpoint_uri,
            "application": {"id": flow.application_id},
            "whatsapp_business_account": {"id": self._config.waba_id},
            "preview": {"preview_url": link, "expires_at": "2027-01-01T00:00:00+0000"},
            "health_status": self._health(flow),
        }
        found = {name.partition(".")[0] for name in fields}
        return {"id": flow.id} | {name: value for name, value in known.items() if name in found and value is not None}

    def status(self, flow: Flow) -> str:
        """Return a form's status, as Meta's watch over the endpoint has it now."""
        if flow.status == "PUBLISHED" and self._world.faults.habit("form_blocked"):
            return "BLOCKED"
        if flow.status == "PUBLISHED" and self._world.faults.habit("form_throttled"):
            return "THROTTLED"
        return flow.status

    def _health(self, flow: Flow) -> dict[str, Any]:
        of_flow: dict[str, Any] = {"can_send_message": "AVAILABLE"}
        status = self.status(flow)
        if status in {"BLOCKED", "THROTTLED"}:
            errors = [{"error_code": 131000, "error_description": "endpoint_available: the endpoint is not healthy"}]
            of_flow = {"can_send_message": "BLOCKED" if status == "BLOCKED" else "LIMITED", "errors": errors}
        elif status != "PUBLISHED":
            of_flow = dict(_BLOCKED)
        entities = [{"entity_type": "FLOW", "id": flow.id, **of_flow}]
        for kind, number in (("WABA", self._config.waba_id), ("BUSINESS", self._config.business_id)):
            entities.append({"entity_type": kind, "id": number, "can_send_message": "AVAILABLE"})
        entities.append({"entity_type": "APP", "id": self._config.app_id, "can_send_message": "AVAILABLE"})
        states = {entity["can_send_message"] for entity in entities}
        worst = next(state for state in ("BLOCKED", "LIMITED", "AVAILABLE") if state in states)
        return {"can_send_message": worst, "entities": entities}

    def _change(self, flow: Flow, given: dict[str, Any]) -> None:
        flow.name = str(given.get("name") or flow.name)
        flow.endpoint_uri = str(given.get("endpoint_uri") or flow.endpoint_uri)
        flow.application_id = str(given.get("application_id") or flow.application_id)

    def _given(self) -> dict[str, Any]:
        body = request.get_json(silent=True)
        return body if isinstance(body, dict) else dict(request.form)

    def _flow(self, flow_id: str) -> Flow:
        found = self._world.flows.by_id.get(flow_id)
        if found is None:
            raise no_such_object(request.method.lower(), flow_id)
        self._check_scope()
        return found

    def _check(self, owner: str, expected: str) -> None:
        if owner != expected:
            raise no_such_object(request.method.lower(), owner)

    def _check_account(self, owner: str) -> None:
        self._check(owner, self._config.waba_id)
        self._check_scope()

    def _check_scope(self) -> None:
        if "whatsapp_business_management" not in self._world.business.scopes:
            raise GraphError(200)
