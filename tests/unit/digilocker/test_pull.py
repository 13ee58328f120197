"""Pulling documents: what is sent, what comes of each answer, and that the stand-in agrees."""

import hashlib
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs

import pytest
import responses

from helpdesk.conversation.offers import Parameter
from helpdesk.digilocker import pull
from helpdesk.digilocker.client import DigiLockerClient
from helpdesk.digilocker.errors import (
    AadhaarNotLinked,
    AlreadyThere,
    Busy,
    ClientRefused,
    DetailsInvalid,
    Endpoint,
    InsufficientScope,
    InvalidToken,
    NoRecord,
    NotOffered,
    PullPending,
    RepositoryMisconfigured,
    RepositoryUnserved,
    RequestRefused,
    Unanswered,
    Unserved,
    error_of,
)
from helpdesk.digilocker.models import DocumentType, Issuer, Parameters
from helpdesk.digilocker.pull import PullClient
from helpdesk.errors import DigiLockerError
from standins.config import SimulatorConfig
from standins.server import Simulator

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

BASE = "https://digilocker.example.org"
PULL = f"{BASE}/public/oauth2/1/pull"
SECRET, CLIENT_ID, TOKEN = "test-secret", "TESTCLIENT", "a" * 40
VALUES = {"rollno": "0000214", "year": "2005", "FullName": "Deepak Nair"}
URI = "in.gov.cbse-HSCER-00002142005"


def client(url: str = BASE) -> DigiLockerClient:
    return DigiLockerClient(url, "1.x", lambda: CLIENT_ID, lambda: SECRET, clock=lambda: 1700000000.9)


def form(call: responses.Call) -> dict[str, str]:
    body = call.request.body
    fields = parse_qs(body.decode() if isinstance(body, bytes) else body or "")
    return {name: values[0] for name, values in fields.items()}


def digest(*values: str) -> str:
    return hashlib.sha256("".join((SECRET, CLIENT_ID, *values, "1700000000")).encode()).hexdigest()


def test_the_hash_is_the_published_vector() -> None:
    assert digest() == "d32498187e18f2ca39711142d4f3477da5b6012707d047ced0f04b8cf52ca33a"


@pytest.mark.parametrize(
    ("call", "path", "answer", "fields", "hashed"),
    [
        (lambda pull: pull.issuers(5), "issuers", {"issuers": []}, {}, ()),
        (
            lambda pull: pull.document_types("002317", 5),
            *("doctype", {"documents": []}, {"orgid": "002317"}, ("002317",)),
        ),
        (
            lambda pull: pull.parameters("002317", "PECER", 5),
            *("parameters", [], {"orgid": "002317", "doctype": "PECER"}, ("002317", "PECER")),
        ),
    ],
)
@responses.activate
def test_the_directory_is_asked_with_the_documented_hash(
    call: Callable[[PullClient], object], path: str, answer: object, fields: dict[str, str], hashed: tuple[str, ...]
) -> None:
    responses.post(f"{PULL}/{path}", json=answer)

    assert call(PullClient(client())) == ()

    assert form(responses.calls[0]) == {"clientid": CLIENT_ID, **fields, "ts": "1700000000", "hmac": digest(*hashed)}


@responses.activate
def test_a_directory_that_fails_is_asked_a_second_time() -> None:
    responses.post(f"{PULL}/issuers", status=500, json={"error": "unexpected_error"})
    responses.post(f"{PULL}/issuers", json={"issuers": []})

    assert PullClient(client()).issuers(5) == ()


@pytest.mark.parametrize("category", [{"categories": ["Education"]}, {"category": "Education"}])
@responses.activate
def test_issuers_are_read_with_their_category_in_either_shape_and_the_unusable_counted(
    category: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[tuple[str, int]] = []
    monkeypatch.setattr(pull, "count", lambda name, value: counted.append((name, value)))
    cbse = {"orgid": "000101", "issuerid": "in.gov.cbse", "name": "CBSE", "description": "Board", **category}
    responses.post(f"{PULL}/issuers", json={"issuers": [cbse, cbse, {"name": "no number"}, {"orgid": "1"}, None]})

    assert PullClient(client()).issuers(5) == (Issuer("000101", "in.gov.cbse", "CBSE", "Education"),)
    assert counted == [("DirectoryLeftOut", 3)]


@responses.activate
def test_types_without_a_usable_doctype_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[tuple[str, int]] = []
    monkeypatch.setattr(pull, "count", lambda name, value: counted.append((name, value)))
    listed = [{"doctype": "hscer", "description": "Class XII Marksheet"}, {"doctype": "TOO LONG"}, {"doctype": "SSCER"}]
    responses.post(f"{PULL}/doctype", json={"documents": listed})

    assert PullClient(client()).document_types("000101", 5) == (
        DocumentType("HSCER", "Class XII Marksheet"),
        DocumentType("SSCER", "SSCER"),
    )
    assert counted == [("DirectoryLeftOut", 1)]


@responses.activate
def test_an_issuer_that_wants_what_nobody_can_be_asked_for_is_not_asked() -> None:
    responses.post(f"{PULL}/parameters", json=[{"label": "Year"}, {"label": "Number", "paramname": "no"}])

    with pytest.raises(NotOffered):
        PullClient(client()).parameters("000101", "HSCER", 5)


@pytest.mark.parametrize("valuelist", ["2005, 2006,", ["2005", 2006, "2005"]])
@pytest.mark.parametrize("wrapped", [True, False])
def test_parameters_are_read_in_every_shape(valuelist: object, wrapped: bool) -> None:
    told = [{"label": "Year", "paramname": "year", "valuelist": valuelist, "example": "2005"}]

    read = Parameters.model_validate({"parameters": told} if wrapped else told).to_value()

    assert read == (Parameter("year", "Year", "2005", ("2005", "2006")),)


def test_a_parameter_that_would_replace_one_of_ours_or_cannot_be_sent_is_left_out() -> None:
    assert Parameters.model_validate([{"paramname": name} for name in ("consent", "orgid", "")]).to_value() == ()


@pytest.mark.parametrize(
    ("parameter", "entered", "sent"),
    [
        (Parameter("n", "Roll number", "5147103"), "  12 \n 34 ", "12 34"),
        (Parameter("n", "Roll number", "5147103"), " ", None),
        (Parameter("n", "Roll number", "5147103"), "x" * 101, None),
        (Parameter("n", "Roll number", "5147103"), "a\x00b", None),
        (Parameter("n", "Year", "2009"), "2010", "2010"),
        (Parameter("n", "Year", "2009"), "10", None),
        (Parameter("n", "Year", "YYYY"), "1999", "1999"),
        (Parameter("n", "Date of birth", "DD-MM-YYYY"), "05-03-1968", "05-03-1968"),
        (Parameter("n", "Date of birth", "01/01/1990"), "05-03-1968", None),
        (Parameter("n", "Session", "May", ("March", "October")), "march", "March"),
        (Parameter("n", "Session", "May", ("March", "October")), "May", None),
        (Parameter("n", "Year", "2009"), "२०१०", "2010"),
    ],
)
def test_what_she_enters_is_taken_or_not(parameter: Parameter, entered: str, sent: str | None) -> None:
    assert parameter.accept(entered) == sent


@responses.activate
def test_a_pull_sends_the_values_with_her_token_and_consent_and_gives_the_uri() -> None:
    responses.post(f"{PULL}/pulldocument", json={"uri": URI})

    assert PullClient(client()).pull(TOKEN, "000103", "HSCER", {**VALUES, "consent": "N"}, 5) == URI

    assert responses.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert form(responses.calls[0]) == {**VALUES, "orgid": "000103", "doctype": "HSCER", "consent": "Y"}


@pytest.mark.parametrize("status", [500, 503, 530])
@responses.activate
def test_a_pull_that_fails_is_not_repeated(status: int) -> None:
    responses.post(f"{PULL}/pulldocument", status=status, json={"error": "unexpected_error"})

    with pytest.raises(Unserved):
        PullClient(client()).pull(TOKEN, "000103", "HSCER", VALUES, 5)

    assert len(responses.calls) == 1


@pytest.mark.parametrize("body", [{}, {"uri": ""}, {"uri": "a\r\nb"}, []])
@responses.activate
def test_an_answer_without_a_usable_uri_may_have_taken_effect(body: object) -> None:
    responses.post(f"{PULL}/pulldocument", json=body)

    with pytest.raises(Unanswered):
        PullClient(client()).pull(TOKEN, "000103", "HSCER", VALUES, 5)

    assert len(responses.calls) == 1


@pytest.mark.parametrize(
    ("statuses", "code", "kind"),
    [
        ((500, 400), "invalid_orgid", NotOffered),
        ((500, 400), "invalid_doctype", NotOffered),
        ((500, 400), "pull_response_pending", PullPending),
        ((500, 400), "uri_exists", AlreadyThere),
        ((500, 400), "aadhaar_not_linked", AadhaarNotLinked),
        ((404,), "record_not_found", NoRecord),
        ((500, 530), "repository_service_configerror", RepositoryMisconfigured),
        ((500, 530), "repository_service_unresponsive", RepositoryUnserved),
        ((500, 530), "partner_service_unresponsive", Unserved),
        ((400,), "invalid_parameter", DetailsInvalid),
        ((401,), "invalid_token", InvalidToken),
        ((403,), "insufficient_scope", InsufficientScope),
        ((500, 530), "unexpected_error", Unserved),
    ],
)
def test_each_code_of_a_pull_is_told_apart_and_never_calls_for_another_try(
    statuses: tuple[int, ...], code: str, kind: type[DigiLockerError]
) -> None:
    for status in statuses:
        error = error_of(status, {"error": code, "error_description": "text"}, endpoint=Endpoint.PULL_DOCUMENT)
        assert type(error) is kind
        assert not error.retryable


@pytest.mark.parametrize("endpoint", [Endpoint.PULL_ISSUERS, Endpoint.PULL_DOCTYPES, Endpoint.PULL_PARAMETERS])
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_parameter", RequestRefused),
        (401, "invalid_client_id", ClientRefused),
        (500, "unexpected_error", Busy),
    ],
)
def test_each_code_of_the_directory_is_told_apart(
    endpoint: Endpoint, status: int, code: str, kind: type[DigiLockerError]
) -> None:
    assert type(error_of(status, {"error": code}, endpoint=endpoint)) is kind


@responses.activate
def test_nothing_that_was_entered_shows_in_an_error() -> None:
    told = "0000214 2005 Deepak Nair"
    responses.post(f"{PULL}/pulldocument", status=400, json={"error": told, "error_description": told})

    with pytest.raises(DigiLockerError) as caught:
        PullClient(client()).pull(TOKEN, "000103", "HSCER", VALUES, 5)

    shown = f"{caught.value!s} {caught.value!r} {vars(caught.value)} {caught.value.__context__!r}"
    assert not any(part in shown for part in ("0214", "Deepak", TOKEN, "http"))


# --- against the stand-in


@pytest.fixture(scope="module")
def digilocker() -> Iterator[Simulator]:
    config = SimulatorConfig(
        app_secret="a",
        verify_token="v",
        phone_number_id="1",
        access_token="t",
        client_id=CLIENT_ID,
        client_secret=SECRET,
    )
    with Simulator(config, 0) as simulator:
        yield simulator


def test_the_stand_in_takes_it_from_the_directory_to_the_pdf(digilocker: Simulator) -> None:
    served = DigiLockerClient(f"{digilocker.url}/digilocker", "1.x", lambda: CLIENT_ID, lambda: SECRET)
    pull = PullClient(served)
    deepak = next(one for one in digilocker.world.citizens if one.name == "DEEPAK NAIR")
    token, _ = digilocker.world.accounts.open_session(deepak)

    cbse = next(one for one in pull.issuers(5) if one.issuer_id == "in.gov.cbse")
    assert "HSCER" in {one.doctype for one in pull.document_types(cbse.org_id, 5)}
    asked = {one.name: one for one in pull.parameters(cbse.org_id, "HSCER", 5)}
    values = {name: asked[name].accept(value) or "" for name, value in VALUES.items()}
    assert values == VALUES
    uri = pull.pull(token, cbse.org_id, "HSCER", values, 5)

    assert uri in {one.uri for one in served.issued_documents(token, 5).documents}
    assert served.file(token, uri, 5).startswith(b"%PDF-")
    with pytest.raises(AlreadyThere):
        pull.pull(token, cbse.org_id, "HSCER", values, 5)
    with pytest.raises(PullPending):
        pull.pull(token, cbse.org_id, "HSCER", values | {"year": "2006"}, 5)
    with pytest.raises(NoRecord):
        pull.pull(token, cbse.org_id, "HSCER", values | {"rollno": "1"}, 5)
