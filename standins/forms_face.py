"""The HTTP face of forms: what a citizen does on her phone with a form that a message opens."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from standins.whatsapp.flow_client import FormRefused, OpenForm
from standins.world import World


def blueprint(world: World) -> Blueprint:
    """Return the routes, to be mounted at the root."""
    routes = Blueprint("forms", __name__)

    def at(act: Callable[[OpenForm, dict[str, Any]], None]) -> Callable[..., Response]:
        def view(number: str, form: str) -> Response:
            opened = world.forms.at(number, form)
            act(opened, _body())
            return jsonify(opened.to_json())

        return view

    @routes.post("/phones/<number>/forms")
    def open_form(number: str) -> Response:
        index = _body().get("message")
        if not isinstance(index, int):
            raise FormRefused('expected {"message": its index}')
        return jsonify(world.forms.open(number, index).to_json())

    @routes.get("/phones/<number>/forms/<form>")
    def look(number: str, form: str) -> Response:
        return jsonify(world.forms.at(number, form).to_json())

    def tap(opened: OpenForm, given: dict[str, Any]) -> None:
        component, values = given.get("component"), given.get("values", {})
        if not isinstance(component, int) or not isinstance(values, dict):
            raise FormRefused('expected {"component": its index, "values": {...}}')
        world.forms.act(opened, component, values)

    for name, act in (
        ("taps", tap),
        ("back", lambda opened, _: world.forms.back(opened)),
        ("close", lambda opened, _: world.forms.close(opened)),
    ):
        routes.add_url_rule(f"/phones/<number>/forms/<form>/{name}", name, at(act), methods=["POST"])
    routes.register_error_handler(FormRefused, lambda error: (jsonify(error=str(error)), 404))
    return routes


def _body() -> dict[str, Any]:
    """Return the JSON object of the call. Only application/json: no other web page may send that here unasked."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise FormRefused("expected a JSON object, sent as application/json")
    return body
