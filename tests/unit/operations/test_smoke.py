from typing import Any

import pytest
import responses

from operations.stage.smoke import try_verification
from operations.webhook import WebhookAccess

URL = "https://api.example/dev/webhook"


@pytest.mark.parametrize(("status", "page"), [(200, "<html>Welcome</html>"), (200, ""), (403, "wrong"), (302, "")])
@responses.activate
def test_a_page_that_does_not_repeat_the_challenge_has_not_verified(status: int, page: str) -> None:
    responses.get(URL, body=page, status=status)
    assert not try_verification(URL, WebhookAccess()).passed


@responses.activate
def test_the_challenge_alone_is_the_answer() -> None:
    def repeat(request: Any) -> tuple[int, dict[str, str], str]:
        return 200, {}, request.params["hub.challenge"]

    responses.add_callback(responses.GET, URL, callback=repeat)
    assert try_verification(URL, WebhookAccess()).passed
