"""The citizens, their numbers and their specimen documents."""

import io
from itertools import pairwise

import pytest
from pypdf import PdfReader

from standins.digilocker import specimens
from standins.digilocker.aadhaar import UIDAI_TEST_NUMBERS, is_valid, made_up_number, made_up_vid, with_check_digit
from standins.digilocker.citizens import Citizen, everyone
from standins.digilocker.documents import MEBIBYTE, Flaw, IssuedDocument

RICH = everyone()[0]


def named(name: str) -> Citizen:
    return next(one for one in everyone() if one.name == name)


@pytest.mark.parametrize("number", [*UIDAI_TEST_NUMBERS, "234123412346"])
def test_published_test_numbers_pass_the_verhoeff_check(number: str) -> None:
    assert is_valid(number)


@pytest.mark.parametrize("number", ["655675523712", "898989898989", "123456789012", "", "99999999001x", "९९९९९९९९००१९"])
def test_other_numbers_fail_the_verhoeff_check(number: str) -> None:
    assert not is_valid(number)


def test_the_check_digit_notices_every_single_wrong_digit_and_every_swap_of_neighbours() -> None:
    number = made_up_number(7)
    for place, digit in enumerate(number):
        for other in "0123456789":
            assert is_valid(number[:place] + other + number[place + 1 :]) == (other == digit)
    for place, (left, right) in enumerate(pairwise(number)):
        swapped = number[:place] + right + left + number[place + 2 :]
        assert is_valid(swapped) == (left == right)


def test_made_up_numbers_have_their_length_and_range() -> None:
    assert with_check_digit("99999999001") == "999999990019"
    assert made_up_number(7).startswith("9999")
    assert len(made_up_number(7)) == 12
    assert len(made_up_vid(7)) == 16


def test_there_are_a_dozen_citizens_and_each_has_her_own_number_and_phone() -> None:
    citizens = everyone()
    assert len(citizens) >= 12
    assert all(is_valid(one.aadhaar) and one.aadhaar.startswith("9999") for one in citizens)
    assert all(is_valid(one.vid) for one in citizens if one.vid)
    assert len({one.aadhaar for one in citizens}) == len(citizens)
    assert len({one.phone for one in citizens}) == len(citizens)
    assert all(one.phone.startswith("9190000000") and len(one.phone) == 12 for one in citizens)


def test_the_rich_locker_holds_every_kind_of_document_named_at_the_launch() -> None:
    doctypes = {document.doctype for document in RICH.issued}
    assert doctypes == {"PANCR", "DRVLC", "RVCER", "SSCER", "SPCER", "HSCER", "TWIPC", "LICER", "HLIPC"}


def test_one_locker_needs_several_pages() -> None:
    assert len(named("LAKSHMI NARAYANAN").issued) == 23


def test_uris_are_issuer_doctype_and_number_and_belong_to_one_document_each() -> None:
    uris = [document.uri for one in everyone() for document in one.issued]
    assert len(set(uris)) == len(uris)
    for uri in uris:
        issuer, doctype, number = uri.split("-", 2)
        assert "." in issuer
        assert len(doctype) == 5
        assert doctype.isupper()
        assert number


@pytest.mark.parametrize("document", RICH.issued, ids=lambda document: document.doctype)
def test_a_specimen_is_one_page_that_names_its_holder_and_says_specimen(document: IssuedDocument) -> None:
    content = document.content()
    assert content.startswith(b"%PDF-")
    pages = PdfReader(io.BytesIO(content)).pages
    text = pages[0].extract_text()
    assert len(pages) == 1
    assert "ASHA VERMA" in text
    assert "SPECIMEN" in text
    assert "Not a document" in text


def test_specimens_differ_between_kinds_and_never_between_runs() -> None:
    made = [document.content() for document in RICH.issued]
    assert len(set(made)) == len(made)
    specimens.pdf.cache_clear()
    assert [document.content() for document in RICH.issued] == made


def test_the_large_documents_lie_on_either_side_of_ten_mebibytes_and_can_be_read() -> None:
    by_flaw = {document.flaw: document for document in named("JOSEPH MATHEW").issued}
    large, too_large = by_flaw[Flaw.LARGE].content(), by_flaw[Flaw.TOO_LARGE].content()
    assert 9.8 * MEBIBYTE < len(large) <= 10 * MEBIBYTE
    assert len(too_large) > 10.9 * MEBIBYTE
    assert "SPECIMEN" in PdfReader(io.BytesIO(large)).pages[0].extract_text()
