"""The form at Meta: what `make deploy` brings there, once and again, and what stops it."""

import json
from collections.abc import Iterator
from copy import replace
from typing import Any
from unittest import mock

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from operations.stack import Stack
from operations.stage import forms
from operations.stage.forms import FormFaulty, Wanted, bring
from operations.stage.graph import GraphRefusal, Meta, meta_of
from standins.config import SimulatorConfig
from standins.server import Simulator
from standins.whatsapp.flows import Flow
from tests.form_endpoint import Endpoint, answering, der, pem

CONFIG = SimulatorConfig(
    app_secret="app-secret",
    verify_token="verify-token",
    phone_number_id="100000000000001",
    access_token="access-token",
    client_id="TESTCLIENT",
    client_secret="test-secret",
)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(CONFIG, 0) as running:
        yield running


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with answering() as told:
        yield told


@pytest.fixture
def meta(simulator: Simulator) -> Meta:
    parameters = {
        "WhatsAppApiUrl": f"{simulator.url}/graph",
        "WhatsAppApiVersion": "v26.0",
        "WhatsAppPhoneNumberId": CONFIG.phone_number_id,
    }
    return meta_of(parameters, CONFIG.access_token, CONFIG.app_secret)


@pytest.fixture
def wanted(endpoint: Endpoint) -> Wanted:
    return Wanted("helpdesk-dev-sign-in", endpoint.url, pem(), forms.SIGN_IN.read_bytes())


def only(simulator: Simulator) -> Flow:
    (flow,) = simulator.world.flows.by_id.values()
    return flow


def test_from_nothing_to_a_published_form(simulator: Simulator, meta: Meta, wanted: Wanted) -> None:
    said = list(bring(meta, wanted))
    assert said == [
        "phones are given this stack's key",
        "helpdesk-dev-sign-in was made",
        f"its endpoint is {wanted.endpoint} now",
        "helpdesk-dev-sign-in is published",
    ]
    flow = only(simulator)
    assert (flow.status, flow.categories, flow.application_id) == ("PUBLISHED", ("SIGN_IN",), meta.app_id)
    assert flow.published[-1] == json.loads(wanted.form)


def test_a_second_run_changes_nothing_and_says_so(simulator: Simulator, meta: Meta, wanted: Wanted) -> None:
    list(bring(meta, wanted))
    with (
        mock.patch.object(meta.by_user, "post", side_effect=AssertionError),
        mock.patch.object(meta.by_user, "upload", side_effect=AssertionError),
    ):
        assert list(bring(meta, wanted)) == [
            "phones have this stack's key already",
            f"its endpoint is {wanted.endpoint} already",
            "helpdesk-dev-sign-in is published as it is here",
        ]
    assert len(only(simulator).published) == 1


def test_a_changed_form_is_published_and_its_name_stays(simulator: Simulator, meta: Meta, wanted: Wanted) -> None:
    list(bring(meta, wanted))
    form = json.loads(wanted.form)
    form["screens"][0]["title"] = "Another title"
    assert list(bring(meta, replace(wanted, form=json.dumps(form).encode())))[-1] == "helpdesk-dev-sign-in is published"
    assert [one["screens"][0]["title"] for one in only(simulator).published] == ["${data.title}", "Another title"]


def test_a_draft_is_looked_at_first(simulator: Simulator, meta: Meta, wanted: Wanted) -> None:
    last = list(bring(meta, wanted, publish=False))[-1]
    assert last.startswith("helpdesk-dev-sign-in is uploaded as a draft; look at it: https://")
    assert only(simulator).status == "DRAFT"
    assert list(bring(meta, wanted))[-1] == "helpdesk-dev-sign-in is published"


def test_another_key_and_another_endpoint_take_the_place_of_the_ones_before(
    simulator: Simulator, meta: Meta, wanted: Wanted
) -> None:
    list(bring(meta, wanted))
    other = pem(generate_private_key(65537, 2048))
    with answering() as moved:
        said = list(bring(meta, replace(wanted, public_key=other, endpoint=moved.url)))
    assert said[:2] == ["phones are given this stack's key", f"its endpoint is {moved.url} now"]
    assert simulator.world.flows.public_key == other


def test_a_key_whose_signature_is_lost_is_given_again(simulator: Simulator, meta: Meta, wanted: Wanted) -> None:
    """As after a registration of the number."""
    list(bring(meta, wanted))
    simulator.world.flows.key_signed = False
    assert next(iter(bring(meta, wanted))) == "phones are given this stack's key"
    assert simulator.world.flows.key_signed


def test_an_endpoint_that_does_not_answer_keeps_the_form_from_being_published(meta: Meta, wanted: Wanted) -> None:
    with pytest.raises(FormFaulty, match=r"code 139002"):
        list(bring(meta, replace(wanted, endpoint="http://127.0.0.1:9/form")))


def test_faults_of_the_json_are_told(meta: Meta, wanted: Wanted) -> None:
    with pytest.raises(FormFaulty, match="version must be one of"):
        list(bring(meta, replace(wanted, form=wanted.form.replace(b'"7.3"', b'"1.0"'))))


def test_a_token_that_may_not_manage_the_account_is_refused(simulator: Simulator, meta: Meta, wanted: Wanted) -> None:
    simulator.world.business.scopes = ("whatsapp_business_messaging",)
    with pytest.raises(GraphRefusal, match="200"):
        list(bring(meta, wanted))


@pytest.mark.parametrize("outputs", [{}, {"FormKeyArn": "arn", "FormName": "n", "FormUrl": "https://f"}])
def test_a_stack_wants_a_form_where_it_has_the_key(outputs: dict[str, str]) -> None:
    stack = Stack("helpdesk-dev", "CREATE_COMPLETE", "", outputs, {"Stage": "dev"})
    kms: Any = mock.Mock(get_public_key=mock.Mock(return_value={"PublicKey": der()}))
    with mock.patch("boto3.client", return_value=kms):
        found = forms.wanted_by(stack)
    assert found == (Wanted("n", "https://f", pem(), forms.SIGN_IN.read_bytes()) if outputs else None)
