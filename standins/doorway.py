"""The help desk's pages under the chat page's address, as behind its own domain.

The address of an API is known only when it is deployed, but the help desk is told where DigiLocker sends citizens back
to when it is deployed. So the local stack gives it this address and says later what lies behind.
"""

import requests
from flask import Blueprint, Response, request

from standins.world import World

_SECONDS = 30.0
_HEADERS = ("Accept-Language", "Content-Type", "Cookie", "Sec-Fetch-Site")
"""What the pages read of a browser's headers."""
_DROPPED = {"connection", "content-encoding", "content-length", "date", "server", "transfer-encoding"}


def blueprint(world: World) -> Blueprint:
    """Return the routes that lead to the help desk's pages."""
    routes = Blueprint("doorway", __name__)

    @routes.route("/consent", methods=["GET", "POST"], defaults={"rest": ""})
    @routes.route("/consent/<path:rest>", methods=["GET", "POST"])
    def consent(rest: str) -> Response:
        if world.consent_url is None:
            return Response(status=404)
        address = f"{world.consent_url}{f'/{rest}' if rest else ''}?{request.query_string.decode()}"
        headers = {name: request.headers[name] for name in _HEADERS if name in request.headers}
        with requests.Session() as session:
            session.trust_env = False  # no proxy between here and the loopback
            ask = session.post if request.method == "POST" else session.get
            answer = ask(address, data=request.get_data(), headers=headers, timeout=_SECONDS, allow_redirects=False)
        kept = [(name, value) for name, value in answer.raw.headers.items() if name.lower() not in _DROPPED]
        return Response(answer.content, answer.status_code, kept)

    return routes
