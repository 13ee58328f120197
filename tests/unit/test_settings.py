import contextlib

import pytest

from helpdesk.conversation.limits import Limit
from helpdesk.conversation.model import Rules
from helpdesk.errors import SettingError
from helpdesk.settings import ConsentSettings, DocumentSettings, WebhookSettings
from tests.unit.aws import aws

type Settings = type[WebhookSettings | DocumentSettings | ConsentSettings]

each = pytest.mark.parametrize("settings", [WebhookSettings, DocumentSettings, ConsentSettings])
WEBHOOK_ONLY = {"WEBHOOK_SECRET_ARN", "MAX_MESSAGE_AGE_SECONDS"}
NAMES = ("DEPARTMENT", "GRIEVANCE", "PRIVACY_PAGE")
CONSENT_ONLY = {"WHATSAPP_NUMBER", "MOBILE_MISMATCH"}


@pytest.fixture
def environment(moto: None) -> dict[str, str]:
    return aws().environment


@each
def test_a_whole_environment_is_read(settings: Settings, environment: dict[str, str]) -> None:
    assert settings.from_environment(environment).common.table == environment["CONVERSATIONS_TABLE"]


@each
def test_a_missing_setting_is_named(settings: Settings, environment: dict[str, str]) -> None:
    missed = set()
    for name in environment:
        with contextlib.suppress(SettingError):
            settings.from_environment({key: value for key, value in environment.items() if key != name})
            continue
        with pytest.raises(SettingError, match=f"{name} is missing"):
            settings.from_environment({key: value for key, value in environment.items() if key != name})
        missed.add(name)
    own = {WebhookSettings: WEBHOOK_ONLY, ConsentSettings: CONSENT_ONLY}
    optional = {"HELPLINE", "REQUESTED_DOCTYPES", "CONSENT_URL", *NAMES}
    expected = own.get(settings) or environment.keys() - optional - WEBHOOK_ONLY - CONSENT_ONLY
    assert missed >= expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STAGE", "production"),
        ("SIGN_IN", "by-letter"),
        ("SESSION_SECONDS", "00"),
        ("SESSION_SECONDS", "fifteen"),
        ("SESSION_SECONDS", "-5"),
        ("DIGILOCKER_VERSION", "3"),
        ("WHATSAPP_API_URL", "graph.facebook.com"),
        ("DIGILOCKER_URL", "https://digilocker.example/"),
        ("DIGILOCKER_URL", "ftp://digilocker.example"),
    ],
)
def test_an_impossible_setting_is_named_and_its_value_is_not(
    name: str, value: str, environment: dict[str, str]
) -> None:
    with pytest.raises(SettingError, match=name) as raised:
        DocumentSettings.from_environment({**environment, name: value})
    assert f" {value}" not in str(raised.value)


@pytest.mark.parametrize("name", ["DIGILOCKER_URL", "WHATSAPP_API_URL", "CONSENT_URL"])
def test_plain_http_is_for_one_machine_only(name: str, environment: dict[str, str]) -> None:
    plain = {**environment, name: "http://127.0.0.1:8080"}
    DocumentSettings.from_environment({**plain, "STAGE": "local"})
    for stage in ("dev", "staging", "prod"):
        with pytest.raises(SettingError, match=f"{name} must begin with https://"):
            DocumentSettings.from_environment({**plain, "STAGE": stage})


@pytest.mark.parametrize("missing", NAMES)
def test_prod_says_who_asks_for_consent_and_who_answers_for_it(missing: str, environment: dict[str, str]) -> None:
    prod = {**environment, "STAGE": "prod", **dict.fromkeys(NAMES, "Somebody")}
    assert DocumentSettings.from_environment(prod).department == "Somebody"
    with pytest.raises(SettingError, match=f"{missing} is missing"):
        DocumentSettings.from_environment(prod | {missing: ""})


def test_documents_pulls_and_links_are_limited_in_proportion_to_replies(environment: dict[str, str]) -> None:
    twice = environment | {"REPLIES_PER_CITIZEN_PER_DAY": "200"}
    usual, more = (WebhookSettings.from_environment(one).common.rules for one in (environment, twice))
    assert (usual.replies, usual.documents, usual.links) == (Rules().replies, Rules().documents, Rules().links)
    assert (more.replies.day, more.documents, more.pulls.day, more.links.day) == (200, Limit(12, 40, 80), 40, 40)
