"""What the dialogue gets of DigiLocker's answers, where more than one answer makes it."""

import math
from typing import Any
from unittest import mock

import pytest

from helpdesk.conversation.model import IssuedDocument
from helpdesk.digilocker.models import Issued
from helpdesk.outbound import Deadline
from helpdesk.service import digilocker_gateway
from helpdesk.service.digilocker_gateway import DigiLockerGateway
from helpdesk.service.identity import uri_mark
from helpdesk.service.shared_documents import EVERYTHING
from helpdesk.storage.documents import LOCKED

JOB = Deadline(math.inf)
URI = "in.gov.transport-DRVLC-DL 04 2019"


def locker(client: mock.Mock, documents: mock.Mock | None = None) -> DigiLockerGateway:
    secret = mock.Mock(text=mock.Mock(return_value="secret"), optional=mock.Mock(return_value=""))
    others: dict[str, Any] = {name: mock.Mock() for name in ("pull", "directory", "links")}
    return DigiLockerGateway(client=client, documents=documents or mock.Mock(), secret=secret, **others)


def listing(*documents: IssuedDocument, left_out: int = 0) -> mock.Mock:
    return mock.Mock(
        issued_documents=mock.Mock(return_value=Issued(documents, left_out)),
        uploaded_files=mock.Mock(return_value=0),
    )


@pytest.mark.parametrize("left_out", [0, 3])
def test_documents_that_cannot_be_read_are_counted_and_passed_on(
    left_out: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: dict[str, int] = {}
    monkeypatch.setattr(digilocker_gateway, "count", lambda name, value=1: counted.update({name: value}))

    assert locker(listing(left_out=left_out)).list_documents("step", "token", EVERYTHING, JOB).left_out == left_out
    assert counted.get("DocumentsLeftOut", 0) == left_out


@pytest.mark.parametrize(("ticked", "shared"), [(URI, True), (URI.split(" ", maxsplit=1)[0], True), ("other", False)])
def test_a_uri_with_blanks_is_known_among_what_she_ticked(ticked: str, shared: bool) -> None:
    client = listing(IssuedDocument("Licence", "DRVLC", "Office", URI))

    (document,) = locker(client).list_documents("step", "token", uri_mark(ticked), JOB).documents

    assert document.shared is shared


@pytest.mark.parametrize(
    ("content", "is_locked"),
    [
        (b"%PDF-1.7 trailer << /Root 1 0 R /Encrypt 12 0 R /ID [] >>", True),
        (b"%PDF-1.4 trailer<</Encrypt<</Filter/Standard>>>>", True),
        (b"%PDF-1.5 1 0 obj <</Type/XRef/Encrypt 3\n0 R>>", True),
        (b"%PDF-1.7 trailer << /Root 1 0 R /EncryptMetadata false >>", False),
        (b"%PDF-1.7 (how to /Encrypt a file)", False),
        (b"%PDF-1.7", False),
    ],
)
def test_a_pdf_that_is_encrypted_is_kept_unaltered_under_a_key_that_says_so(content: bytes, is_locked: bool) -> None:
    documents = mock.Mock()
    asked = locker(mock.Mock(file=mock.Mock(return_value=content)), documents)

    key = asked.fetch_document("token", URI, "conversation", "step", JOB)

    assert key.endswith(LOCKED) is is_locked
    documents.keep.assert_called_once_with(key, content)
