"""Meta's Graph API, as far as an operator needs it: who we are there, and what is set up.

The help desk's own client sends messages and knows nothing of this. Errors here carry a code, but
none of Meta's text and no URL: a token could be in either.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.auth import AuthBase

SECONDS = (5.0, 20.0)
"""To connect, and for an answer."""
TOKEN_REFUSED = 190
INVALID_PARAMETER = 100
UNKNOWN_PATH = 2500
"""What a version of the API that does not exist is answered with."""


class GraphRefusal(Exception):
    """Meta refuses a call. `code`: its error code; 0 if the answer had none."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Meta's API refuses (code {code})")
        self.code = code


@dataclass(frozen=True)
class Answer:
    """An answer, and the version of the API that gave it: an expired one is answered by another."""

    body: Mapping[str, Any]
    version: str


class _Bearer(AuthBase):
    """Puts the token into the header, and keeps requests from looking for a password in the operator's files.

    With the app's secret it proves, too, that the token is in the app's own hands (Graph API, `appsecret_proof`).
    """

    def __init__(self, token: str, app_secret: str) -> None:
        self._token = token
        self._app_secret = app_secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        if self._app_secret:
            proof = hmac.new(self._app_secret.encode(), self._token.encode(), "sha256").hexdigest()
            request.prepare_url(request.url, {"appsecret_proof": proof})
        return request


class Graph:
    """The API in the name of one token. Raises GraphRefusal, and requests' exceptions where nothing answers."""

    def __init__(self, url: str, version: str, token: str, app_secret: str = "") -> None:
        self._base = f"{url}/{version}"
        self._auth = _Bearer(token, app_secret)

    def get(self, path: str, **query: str) -> Answer:
        """Read."""
        return self._answer(requests.get, path, params=query)

    def post(self, path: str, **form: str) -> Answer:
        """Write."""
        return self._answer(requests.post, path, data=form)

    def upload(self, path: str, file: tuple[str, bytes, str], **form: str) -> Answer:
        """Write a file. `file`: its name, content and type."""
        return self._answer(requests.post, path, data=form, files={"file": file})

    def _answer(self, call: Callable[..., requests.Response], path: str, **content: Mapping[str, Any]) -> Answer:
        response = call(f"{self._base}/{path}", auth=self._auth, timeout=SECONDS, allow_redirects=False, **content)
        try:
            body = response.json()
        except ValueError:
            raise GraphRefusal(0) from None
        if not response.ok or not isinstance(body, dict):
            error = body.get("error") if isinstance(body, dict) else None
            raise GraphRefusal(int(error.get("code", 0)) if isinstance(error, dict) else 0)
        return Answer(body, response.headers.get("facebook-api-version", ""))


@dataclass(frozen=True)
class Meta:
    """Meta's side of a desk. What the app does in its own name, it does with its app secret."""

    by_user: Graph = field(repr=False)
    by_app: Graph = field(repr=False)
    phone_number_id: str
    app_id: str
    account_id: str
    """The WhatsApp business account."""

    @property
    def app_page(self) -> str:
        """Where the app is looked at."""
        return f"https://developers.facebook.com/apps/{self.app_id}/"


def meta_of(parameters: Mapping[str, str], access_token: str, app_secret: str) -> Meta:
    """Ask who the token's app and the number's account are. `parameters`: the stack's. Raises as Graph does.

    Both are in the health status of the number, so nobody has to look them up.
    """
    url, version = parameters["WhatsAppApiUrl"], parameters["WhatsAppApiVersion"]
    phone_number_id = parameters["WhatsAppPhoneNumberId"]
    by_user = Graph(url, version, access_token, app_secret)
    entities = health(by_user, phone_number_id)
    app_id, account_id = (str(entities[kind]["id"]) for kind in ("APP", "WABA"))
    # An app's own token is its id and its secret (Facebook Login, access tokens).
    return Meta(by_user, Graph(url, version, f"{app_id}|{app_secret}"), phone_number_id, app_id, account_id)


def health(by_user: Graph, phone_number_id: str) -> dict[str, Mapping[str, Any]]:
    """Return, by kind (PHONE_NUMBER, WABA, BUSINESS, APP), how Meta judges what the number's messages go through."""
    status = by_user.get(phone_number_id, fields="health_status").body["health_status"]
    return {str(entity["entity_type"]): entity for entity in status["entities"]}
