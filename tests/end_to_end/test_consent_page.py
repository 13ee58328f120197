"""Signing in on DigiLocker's own page, over the deployed template, through its stand-in by plain HTTP."""

from collections.abc import Iterator
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from standins.local_stack import LocalStack, citizens
from standins.visitor import PIN, Visitor
from tests.end_to_end.conftest import Citizen
from tests.end_to_end.phone import Phone
from tests.end_to_end.roles import (
    NOT_FOR_WHO_FACES_THE_INTERNET,
    Attempt,
    Clients,
    acting_as,
    forgets_a_conversation,
    gives_rights,
    invokes,
    is_denied,
    opens,
    reads_secret,
    seals,
)


def at_the_link(stack: LocalStack, citizen: Citizen) -> tuple[Phone, str]:
    """Return her phone, and the link that she was sent."""
    phone = Phone(stack.chat_url, citizen["phone"], citizen["mobile"])
    phone.catch_up()
    phone.say("Hi")
    phone.expect("Welcome")
    phone.tap("DigiLocker Services")
    return phone, phone.expect("Please sign in on DigiLocker's own page").link


def test_from_the_chat_through_digilockers_page_back_to_the_list_in_the_chat(page_stack: LocalStack) -> None:
    citizen = citizens(page_stack.chat_url)[0]
    phone, link = at_the_link(page_stack, citizen)
    visitor = Visitor()

    assert f"ending in {citizen['phone'][-4:]}" in visitor.open(link).text
    assert "asks for your consent" in visitor.page.text
    assert visitor.cookies
    visitor.press("agree")
    visitor.press("continue", account=citizen["mobile"][-10:])
    visitor.press("continue", otp=phone.otp())
    visitor.press("continue", pin=PIN)
    page = visitor.press("allow")

    assert visitor.status == 200
    (back,) = page.links
    assert back.startswith("https://wa.me/919013151515")
    if "?text=" in back:
        phone.say(unquote(back.partition("?text=")[2]))
    phone.expect("Your documents in DigiLocker")
    phone.say("2")
    document = phone.expect("Driving licence")
    assert document.filename == "Driving licence.pdf"
    asked = {name: values[0] for name, values in parse_qs(urlsplit(visitor.at).query).items()}
    secrets = [asked["code"], asked["state"].partition(".")[2], *visitor.cookies.values()]
    kept = traces(page_stack)
    assert '"came back"' in kept
    assert [secret for secret in secrets if secret in kept] == []
    phone.tap("Done")
    phone.expect("signed out")


def traces(stack: LocalStack) -> str:
    """Everything that the functions have logged, and the tables."""
    logs = [line for name in ("Webhook", "Consent", "Document") for line in stack.function_logs(f"{name}Function")]
    tables = (stack.outputs["ConversationsTableName"], stack.outputs["RecordsTableName"])
    items = [stack.client("dynamodb").scan(TableName=table)["Items"] for table in tables]
    return "\n".join([*logs, str(items)])


def test_who_declines_and_who_forges_a_return(page_stack: LocalStack) -> None:
    citizen = citizens(page_stack.chat_url)[1]
    phone, link = at_the_link(page_stack, citizen)
    state = link.partition("?s=")[2]
    visitor = Visitor()

    forged = Visitor("ta").open(f"{page_stack.outputs['ConsentUrl']}?code=stolen&state={'0' * 32}.{'x' * 22}")
    assert forged.language == "ta"
    visitor.open(link)
    visitor.press("agree")
    page = visitor.press("deny")

    assert "Nothing was shared" in page.text
    phone.expect("You did not share anything")
    Visitor().open(f"{page_stack.outputs['ConsentUrl']}?code=stolen&state={state}")
    phone.tap("New link")
    assert phone.expect("Please sign in").link != link


@pytest.fixture(scope="module")
def consent(page_stack: LocalStack) -> Iterator[Clients]:
    """Somebody with the consent function's rights."""
    with acting_as(page_stack, "ConsentRole") as clients:
        yield clients


@pytest.mark.parametrize(
    "attempt",
    [
        *NOT_FOR_WHO_FACES_THE_INTERNET,
        pytest.param(opens, id="opens what is sealed"),
        pytest.param(reads_secret("WebhookSecretArn"), id="reads the webhook's secret"),
        pytest.param(forgets_a_conversation, id="forgets a conversation"),
        pytest.param(invokes("WebhookFunction"), id="invokes the webhook function"),
        pytest.param(gives_rights("ConsentRole"), id="gives itself rights"),
    ],
)
def test_what_the_consent_function_can_not_do(page_stack: LocalStack, consent: Clients, attempt: Attempt) -> None:
    assert seals(consent, page_stack)  # it can do something, so it is not just nobody

    is_denied(lambda: attempt(consent, page_stack))
