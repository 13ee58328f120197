"""Reading DigiLocker's loose answers."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from helpdesk.digilocker.models import (
    AccountAnswer,
    DeviceCodeAnswer,
    Document,
    IssuedDocument,
    IssuedDocuments,
    Token,
    TokenAnswer,
    UploadedDocument,
    UploadedDocuments,
)

LICENCE = {
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
    return IssuedDocuments.model_validate({"items": list(items), "resource": "D:\\"}).to_value()


def one(**fields: object) -> IssuedDocument:
    (document,) = documents(LICENCE | fields)
    return document


def test_an_issued_document_is_read_whole() -> None:
    assert one() == IssuedDocument(
        name="Driving License",
        doctype="DRVLC",
        uri="in.gov.transport-DRVLC-DL0920110000001",
        issuer="Ministry of Road Transport and Highways",
        issuer_id="in.gov.transport",
        description="Driving License",
        date=dt.date(2020, 3, 22),
        media_types=("application/json", "application/xml", "application/pdf"),
    )


@pytest.mark.parametrize(
    ("mime", "types", "has_pdf"),
    [
        (["application/pdf"], ("application/pdf",), True),
        ("application/pdf", ("application/pdf",), True),
        ("application/xml, application/PDF; x=y", ("application/xml", "application/pdf"), True),
        (
            [{"mime": "application/pdf"}, {"type": "application/xml", "n": 1}],
            ("application/pdf", "application/xml"),
            True,
        ),
        (["application/pdf", "application/pdf"], ("application/pdf",), True),
        (["application/xml"], ("application/xml",), False),
        ("image/jpeg", ("image/jpeg",), False),
        ([], (), True),
        ("", (), True),
        (None, (), True),
        ([None, 5, ["application/pdf"], "pdf"], (), True),
        ({"a": "application/pdf"}, (), True),
    ],
)
def test_formats_come_as_text_list_or_objects(mime: object, types: tuple[str, ...], has_pdf: bool) -> None:
    document = one(mime=mime)

    assert (document.media_types, document.has_pdf) == (types, has_pdf)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2015-05-12T15:50:38Z", dt.date(2015, 5, 12)),
        ("2015-05-12", dt.date(2015, 5, 12)),
        ("22/03/2020", dt.date(2020, 3, 22)),
        ("22-03-2020", dt.date(2020, 3, 22)),
        ("31/02/2020", None),
        ("", None),
        (None, None),
        (5, None),
        ("soon", None),
    ],
)
def test_dates_come_in_several_shapes(date: object, expected: dt.date | None) -> None:
    assert one(date=date).date == expected


@pytest.mark.parametrize("uri", ["", None, 5.5, True, ".", "..", "has space", "new\nline", "\x00", "x" * 513, [], {}])
def test_a_document_without_a_usable_uri_is_left_out_and_its_neighbours_stay(uri: object) -> None:
    assert documents({**LICENCE, "uri": uri}, LICENCE) == documents(LICENCE)


def test_what_an_item_lacks_is_taken_from_its_uri() -> None:
    (document,) = documents({"uri": "in.gov.cbse-SSCER-5147103-2009"})

    assert (document.name, document.doctype, document.issuer_id) == ("SSCER", "SSCER", "in.gov.cbse")


def test_a_uri_of_another_shape_gives_nothing_more() -> None:
    (document,) = documents({"uri": "1234567", "description": "A paper"})

    assert (document.name, document.doctype, document.issuer_id) == ("A paper", "", "")


def test_names_are_one_line() -> None:
    assert one(name=" Class XII\n  Marksheet ").name == "Class XII Marksheet"


@pytest.mark.parametrize("answer", [{"items": []}, {"items": None}, {"items": ["x", 5, None]}])
def test_an_empty_account_has_no_documents(answer: object) -> None:
    assert IssuedDocuments.model_validate(answer).to_value() == ()


@pytest.mark.parametrize("answer", [{}, [], None, {"items": "x"}, {"items": {"uri": "a"}}, "x"])
def test_an_answer_without_a_list_is_refused_without_quoting_it(answer: object) -> None:
    with pytest.raises(ValidationError) as caught:
        IssuedDocuments.model_validate(answer)

    assert "input_value" not in str(caught.value)


def test_self_uploaded_files_and_folders_are_told_apart() -> None:
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

    assert UploadedDocuments.model_validate(answer).to_value() == (
        UploadedDocument("Old", is_folder=True),
        UploadedDocument(
            "rent.pdf",
            uri="in.gov.digilocker-OTHER-1",
            media_types=("application/pdf",),
            size=34567,
            date=dt.date(2015, 5, 12),
        ),
    )


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
        (1, False),
    ],
)
def test_registered_is_a_boolean_or_a_word(registered: object, expected: bool) -> None:
    assert AccountAnswer.model_validate({"registered": registered, "digilockerid": "x"}).registered is expected


def test_of_a_device_code_answer_nothing_else_is_read() -> None:
    whole = {"device_code": "74tq5miHKB", "dl_masked_mobile": "XXXXXX1234", "expires_in": "300"}

    assert DeviceCodeAnswer.model_validate(whole).model_dump() == {"device_code": "74tq5miHKB"}


@pytest.mark.parametrize(
    ("more", "digilocker_id", "till"),
    [
        ({"digilockerid": "d", "eaadhaar": "Y", "consent_valid_till": 1790000000}, "d", 1790000000),
        ({"digilocker_id": "d", "eaadhar": "N", "consent_valid_till": "1790000000"}, "d", 1790000000),
        ({"consent_valid_till": "never", "new": {"field": 1}}, None, None),
    ],
)
def test_a_token_is_read_under_either_name_of_its_fields(
    more: dict[str, object], digilocker_id: str | None, till: int | None
) -> None:
    answer = {"access_token": "t", "expires_in": 3600, "refresh_token": "r", "scope": "a b", "name": "Asha Test"}

    assert TokenAnswer.model_validate(answer | more).to_value() == Token(
        "t", 3600, "r", "a b", "Asha Test", digilocker_id, till
    )


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
            UploadedDocument("secret", uri="secret"),
            Document(b"secret"),
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
    UploadedDocuments.model_validate({"items": items}).to_value()
