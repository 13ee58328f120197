"""Reading DigiLocker's loose answers."""

import datetime as dt
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from helpdesk.conversation.model import IssuedDocument
from helpdesk.conversation.offers import Parameter
from helpdesk.digilocker.models import (
    AccountAnswer,
    DeviceCodeAnswer,
    Issued,
    IssuedDocuments,
    Parameters,
    Token,
    TokenAnswer,
    UploadedDocuments,
)

LICENCE: dict[str, object] = {
    "name": "Driving License",
    "type": "file",
    "size": "",
    "date": "22/03/2020",
    "parent": "",
    "mime": ["application/json", "application/xml", "application/pdf"],
    "uri": "in.gov.transport-DRVLC-DL0920110000001",
    "doctype": "DRVLC",
    "description": "Driving License",
    "issuerid": "in.gov.transport",
    "issuer": "Ministry of Road Transport and Highways",
}


def documents(*items: object) -> tuple[IssuedDocument, ...]:
    return IssuedDocuments.model_validate({"items": list(items), "resource": "D:\\"}).to_value().documents


def one(**fields: object) -> IssuedDocument:
    (document,) = documents(LICENCE | fields)
    return document


def test_an_issued_document_is_read_whole() -> None:
    assert one() == IssuedDocument(
        name="Driving License",
        doctype="DRVLC",
        uri="in.gov.transport-DRVLC-DL0920110000001",
        issuer="Ministry of Road Transport and Highways",
        date="2020-03-22",
    )


@pytest.mark.parametrize(
    ("mime", "has_pdf"),
    [
        (["application/pdf"], True),
        ("application/pdf", True),
        ("application/xml, application/PDF; x=y", True),
        ([{"mime": "application/pdf"}, {"type": "application/xml", "n": 1}], True),
        (["application/pdf", "application/pdf"], True),
        (["application/xml"], False),
        ("image/jpeg", False),
        ([], True),
        ("", True),
        (None, True),
        ([None, 5, ["application/pdf"], "pdf"], True),
        ({"a": "application/pdf"}, True),
        (["xml", "PDF"], True),
        ('["application/xml", "application/pdf"]', True),
    ],
)
def test_formats_come_as_text_list_or_objects(mime: object, has_pdf: bool) -> None:
    assert one(mime=mime).has_pdf is has_pdf


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2015-05-12T15:50:38Z", dt.date(2015, 5, 12)),
        ("2015-05-12", dt.date(2015, 5, 12)),
        ("22/03/2020", dt.date(2020, 3, 22)),
        ("22-03-2020", dt.date(2020, 3, 22)),
        ("22.03.2020", dt.date(2020, 3, 22)),
        ("2/3/2020 10:15:00", dt.date(2020, 3, 2)),
        ("22 Mar 2020", dt.date(2020, 3, 22)),
        ("22-March-2020", dt.date(2020, 3, 22)),
        ("March 22, 2020", dt.date(2020, 3, 22)),
        ("2020/03/22", dt.date(2020, 3, 22)),
        ("20200322", dt.date(2020, 3, 22)),
        ("22032020", dt.date(2020, 3, 22)),
        (1584878400, dt.date(2020, 3, 22)),
        ("1584878400000", dt.date(2020, 3, 22)),
        ("31/02/2020", None),
        ("0000-00-00", None),
        ("NA", None),
        ("", None),
        (None, None),
        (5, None),
        ("soon", None),
    ],
)
def test_dates_come_in_several_shapes(date: object, expected: dt.date | None) -> None:
    assert one(date=date).date == (expected.isoformat() if expected else "")


@pytest.mark.parametrize("uri", ["", None, 5.5, True, ".", "..", " . ", "new\nline", "\x00", "x" * 513, [], {}])
def test_a_document_without_a_usable_uri_is_left_out_and_its_neighbours_stay(uri: object) -> None:
    assert documents({**LICENCE, "uri": uri}, LICENCE) == documents(LICENCE)


def test_what_an_item_lacks_is_taken_from_its_uri() -> None:
    (document,) = documents({"uri": "in.gov.cbse-SSCER-5147103-2009"})

    assert (document.name, document.doctype) == ("SSCER", "SSCER")


def test_a_uri_of_another_shape_gives_nothing_more() -> None:
    (document,) = documents({"uri": "1234567", "description": "A paper"})

    assert (document.name, document.doctype) == ("A paper", "")


def test_names_are_one_line() -> None:
    assert one(name=" Class XII\n  Marksheet ").name == "Class XII Marksheet"


@pytest.mark.parametrize("items", [[], None, {}, "", " ", "null", "NA", "[]"])
@pytest.mark.parametrize("wrapped", [lambda items: {"items": items}, lambda items: {"data": {"Items": items}}])
def test_an_empty_account_has_no_documents(wrapped: Callable[[object], object], items: object) -> None:
    assert IssuedDocuments.model_validate(wrapped(items)).to_value() == Issued(())


PAN: dict[str, object] = {"name": "PAN", "uri": "in.gov.pan-PANCR-ABCPV1234D", "doctype": "PANCR"}


def renamed(item: dict[str, object], name: Callable[[str], str]) -> dict[str, object]:
    return {name(key): value for key, value in item.items()}


WRAPPINGS: dict[str, Callable[[dict[str, object], dict[str, object]], object]] = {
    "as documented": lambda one, two: {"items": [one, two], "resource": "D:\\"},
    "numbers for keys": lambda one, two: {"items": {"0": one, "1": two}},
    "numbers for keys, alone": lambda one, two: {"0": one, "1": two},
    "names for keys": lambda one, two: {"items": {"licence": one, "pan": two, "count": 2}},
    "an object inside": lambda one, two: {"items": {"item": [one, two]}},
    "lists in a list": lambda one, two: {"items": [[one], [[two]]]},
    "each in an object": lambda one, two: {"items": [{"item": one}, {"item": two}]},
    "JSON in JSON": lambda one, two: {"items": json.dumps([one, two])},
    "each as JSON": lambda one, two: {"items": [json.dumps(one), json.dumps(two)]},
    "all as JSON": lambda one, two: json.dumps({"items": [one, two]}),
    "in data": lambda one, two: {"status": "success", "data": {"items": [one, two]}},
    "in result, twice": lambda one, two: {"Result": {"data": {"items": [one, two]}}},
    "data is the list": lambda one, two: {"data": [one, two]},
    "the list alone": lambda one, two: [one, two],
    "in a list of one": lambda one, two: [{"items": [one, two]}],
    "capitals": lambda one, two: {
        "ITEMS": [{key.upper(): value for key, value in each.items()} for each in (one, two)]
    },
    "camel case": lambda one, two: {
        "Items": [{"docType" if k == "doctype" else k: v for k, v in each.items()} for each in (one, two)]
    },
}


@pytest.mark.parametrize("wrapped", WRAPPINGS.values(), ids=WRAPPINGS)
def test_a_list_is_read_in_every_wrapping(wrapped: Callable[[dict[str, object], dict[str, object]], object]) -> None:
    issued = IssuedDocuments.model_validate(wrapped(LICENCE, PAN)).to_value()

    assert [document.uri for document in issued.documents] == [LICENCE["uri"], PAN["uri"]]
    assert [document.doctype for document in issued.documents] == ["DRVLC", "PANCR"]
    assert issued.left_out == 0


@pytest.mark.parametrize("answer", [{"items": PAN}, {"data": PAN}, PAN, {"items": json.dumps(PAN)}])
def test_a_single_document_may_stand_where_a_list_should_be(answer: object) -> None:
    (document,) = IssuedDocuments.model_validate(answer).to_value().documents

    assert document.uri == PAN["uri"]


@pytest.mark.parametrize(
    "broken", ["x", 5, None, True, {}, [], {"error": "x"}, {"name": "PAN"}, {**PAN, "uri": "null\n"}, "{"]
)
def test_what_cannot_be_read_is_counted_and_hides_nothing(broken: object) -> None:
    issued = IssuedDocuments.model_validate({"items": [LICENCE, broken]}).to_value()

    assert [document.uri for document in issued.documents] == [LICENCE["uri"]]
    assert issued.left_out == (0 if broken == [] else 1)


def test_a_uri_keeps_its_blanks() -> None:
    assert one(uri=" in.gov.x-ABCDE-AB 12  34 ").uri == "in.gov.x-ABCDE-AB 12  34"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Smt. Rani &amp; Sons", "Smt. Rani & Sons"),
        ("B&amp;amp;C", "B&C"),
        ("D&#39;Souza", "D'Souza"),
        ("&quot;A&quot;&nbsp;B", '"A" B'),
        ("one &#10; line", "one line"),
        ("R&D", "R&D"),
    ],
)
def test_html_entities_in_names_are_what_they_stand_for(written: str, read: str) -> None:
    document = one(name=written, issuer=written)

    assert (document.name, document.issuer) == (read, read)


@pytest.mark.parametrize("nothing", [None, "", " ", "null", "NULL", "NA", "n/a", "undefined", "-"])
def test_what_says_nothing_is_nothing(nothing: object) -> None:
    document = one(name=nothing, issuer=nothing, issuerid=nothing, doctype=nothing, date=nothing, mime=nothing)

    assert (document.name, document.issuer) == ("Driving License", "")
    assert (document.doctype, document.date, document.has_pdf) == ("DRVLC", "", True)
    assert TokenAnswer.model_validate({"access_token": "t", "refresh_token": nothing}).to_value().refresh_token is None


@pytest.mark.parametrize(
    "wrapped",
    [
        {"details": {"access_token": "t", "expires_in": "60"}},
        {"status": "success", "mobile": "******0003", "details": {"access_token": "t", "expires_in": 60}},
        {"result": {"data": {"Access_Token": "t", "Expires_In": 60.0}}},
        {"data": json.dumps({"access_token": "t", "expires_in": 60})},
        [{"access_token": "t", "expires_in": 60}],
        {"access_token": None, "details": {"access_token": "t", "expires_in": 60}},
    ],
)
def test_a_token_is_read_in_every_wrapping(wrapped: object) -> None:
    token = TokenAnswer.model_validate(wrapped).to_value()

    assert (token.access_token, token.expires_in) == ("t", 60)


def parameter(valuelist: object) -> Parameter:
    (one,) = Parameters.model_validate([{"label": "State", "paramname": "state", "valuelist": valuelist}]).to_value()
    return one


@pytest.mark.parametrize(
    ("valuelist", "values", "shown"),
    [
        ("", (), ()),
        (None, (), ()),
        ("NA", (), ()),
        ({}, (), ()),
        ("2005,2006", ("2005", "2006"), ("2005", "2006")),
        ("Male|Female", ("Male", "Female"), ("Male", "Female")),
        ([2005, "2006", None], ("2005", "2006"), ("2005", "2006")),
        ('["a", "b"]', ("a", "b"), ("a", "b")),
        ([{"value": "2005"}, {"value": "2006"}], ("2005", "2006"), ("2005", "2006")),
        (
            [{"value": "KL", "label": "Kerala"}, {"Value": "TN", "Label": "Tamil Nadu"}],
            ("KL", "TN"),
            ("Kerala", "Tamil Nadu"),
        ),
        ([{"id": 1, "name": "Kerala"}], ("1",), ("Kerala",)),
        ([{"name": "Kerala"}], ("Kerala",), ("Kerala",)),
        ({"KL": "Kerala", "TN": "Tamil Nadu"}, ("KL", "TN"), ("Kerala", "Tamil Nadu")),
        ({"0": "CBSE", "1": "ICSE"}, ("CBSE", "ICSE"), ("CBSE", "ICSE")),
        ({"0": {"value": "A"}, "1": {"value": "B"}}, ("A", "B"), ("A", "B")),
        ({"value": "A", "label": "First"}, ("A",), ("First",)),
        ("A &amp; B,C", ("A & B", "C"), ("A & B", "C")),
    ],
)
def test_the_values_of_a_parameter_are_read_in_every_form(valuelist: object, values: object, shown: object) -> None:
    read = parameter(valuelist)

    assert (read.values, read.shown) == (values, shown)


def test_a_value_is_accepted_as_it_is_shown_and_as_it_is_sent() -> None:
    state = parameter({"KL": "Kerala", "TN": "Tamil Nadu"})

    assert [state.accept(entered) for entered in ("kerala", "KL", "tamil  nadu", "Goa")] == ["KL", "KL", "TN", None]


@pytest.mark.parametrize(
    ("answer", "names", "left_out"),
    [
        ([], [], 0),
        ({"parameters": []}, [], 0),
        ({"parameters": {"0": {"paramname": "a"}, "1": {"paramname": "b"}}}, ["a", "b"], 0),
        ({"label": "A", "paramname": "a"}, ["a"], 0),
        ([{"label": "Roll No", "paramname": "roll no"}], ["roll no"], 0),
        ([{"paramname": "consent"}, {"paramname": "OrgId"}, {"paramname": "a"}], ["a"], 0),
        ([{"label": "Year"}, {"paramname": "a"}], ["a"], 1),
        ([{"paramname": "x" * 65}, "year"], [], 2),
    ],
)
def test_what_an_issuer_wants_to_know_is_read_in_every_wrapping(
    answer: object, names: list[str], left_out: int
) -> None:
    parameters = Parameters.model_validate(answer)

    assert [one.name for one in parameters.to_value()] == names
    assert parameters.left_out == left_out


@pytest.mark.parametrize("answer", [{}, [], None, {"items": "x"}, {"items": 5}, {"data": {}}, "x"])
def test_an_answer_without_a_list_is_refused_without_quoting_it(answer: object) -> None:
    with pytest.raises(ValidationError) as caught:
        IssuedDocuments.model_validate(answer)

    assert "input_value" not in str(caught.value)


def test_self_uploaded_files_are_counted_without_folders() -> None:
    answer = {
        "directory": "/",
        "items": [
            {"name": "Old", "type": "dir", "id": "1", "size": "", "mime": "", "uri": ""},
            {
                "name": "rent.pdf",
                "type": "file",
                "size": "34567",
                "date": "2015-05-12T15:50:38Z",
                "mime": "application/pdf",
                "uri": "in.gov.digilocker-OTHER-1",
            },
            {"name": ""},
        ],
    }

    assert UploadedDocuments.model_validate(answer).files == 1


@pytest.mark.parametrize(
    ("registered", "expected"),
    [
        (True, True),
        ("true", True),
        ("True", True),
        ("Y", True),
        (False, False),
        ("false", False),
        ("", False),
        (1, True),
    ],
)
def test_registered_is_a_boolean_or_a_word(registered: object, expected: bool) -> None:
    assert AccountAnswer.model_validate({"registered": registered, "digilockerid": "x"}).registered is expected


def test_of_a_device_code_answer_nothing_else_is_read() -> None:
    whole = {"device_code": "74tq5miHKB", "dl_masked_mobile": "XXXXXX1234", "expires_in": "300"}

    assert DeviceCodeAnswer.model_validate(whole).model_dump() == {"device_code": "74tq5miHKB"}


def test_of_a_token_answer_only_what_is_used_is_read() -> None:
    answer = {"access_token": "t", "expires_in": 60, "refresh_token": "r", "scope": "a b", "mobile": "9000000001"}
    more = {"name": "Asha Test", "digilockerid": "d", "eaadhaar": "Y", "dob": "01011990", "new": {"field": 1}}

    assert TokenAnswer.model_validate(answer | more).to_value() == Token("t", 60, "r", "a b", "9000000001")


@pytest.mark.parametrize("expires_in", [None, "", 0, -5, "soon", True, 10**20])
def test_a_token_without_a_lifetime_has_the_documented_one(expires_in: object) -> None:
    token = TokenAnswer.model_validate({"access_token": "t", "expires_in": expires_in}).to_value()

    assert token == Token("t", 3600)


@pytest.mark.parametrize("answer", [{}, {"access_token": ""}, {"access_token": None}, {"access_token": 5}])
def test_a_token_answer_without_a_token_is_refused(answer: object) -> None:
    with pytest.raises(ValidationError):
        TokenAnswer.model_validate(answer)


def test_nothing_secret_or_personal_shows_in_a_repr() -> None:
    answer = {"access_token": "secret", "refresh_token": "secret", "scope": "secret", "name": "secret"}
    shown = repr(
        [
            TokenAnswer.model_validate(answer | {"digilockerid": "secret"}),
            TokenAnswer.model_validate(answer).to_value(),
            DeviceCodeAnswer.model_validate({"device_code": "secret", "dl_masked_mobile": "secret"}),
            IssuedDocuments.model_validate({"items": [{"uri": "secret", "name": "Licence"}]}),
            documents({"uri": "secret", "name": "Licence"}),
        ]
    )

    assert "secret" not in shown


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.sampled_from([*LICENCE]), _json) | _json, max_size=3))
def test_whatever_a_list_holds_it_is_read(items: list[object]) -> None:
    for document in documents(*items):
        assert document.uri
    assert UploadedDocuments.model_validate({"items": items}).files <= len(items)
