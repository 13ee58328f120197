"""What people type is found in the directory: in every language, narrowed by the issuer, a page at a time."""

import re

import pytest

from helpdesk.conversation.effects import FindOffers
from helpdesk.conversation.events import OffersFound
from helpdesk.conversation.pages import OPTIONS as PAGE_SIZE
from helpdesk.languages.catalogue import Catalogue, catalogues
from helpdesk.service.digilocker_gateway import offered
from helpdesk.understanding.searching import in_english
from standins.digilocker.citizens import everyone
from tests.conversations.chat import Chat, directory

PULLER = next(one for one in everyone() if one.name == "DEEPAK NAIR")


def found(words: str, *doctypes: str, within: str = "", page: int = 1) -> OffersFound:
    return offered(directory(), "step", words, FindOffers(doctypes, within, page))


@pytest.mark.parametrize("language", catalogues(), ids=lambda language: language.code)
def test_what_the_question_names_as_examples_is_found_in_every_language(language: Catalogue) -> None:
    examples = re.findall(r"\*(.+?)\*", language.texts["pull.ask"])
    assert len(examples) == 4
    for words, doctype in zip(examples, ("PANCR", "DRVLC", "SSCER", "TWIPC"), strict=True):
        chat = Chat(PULLER)
        for text in ("Hi", "1", "yes", "agree", "<her Aadhaar number>", "<the OTP>", "new document", words):
            chat.say(text)
        pull = chat.conversation.pull
        assert pull, words
        assert pull.offers[0].doctype == doctype, words


@pytest.mark.parametrize(
    ("words", "doctype"),
    [
        ("आय प्रमाण पत्र", "INCER"),
        ("জন্ম শংসাপত্র", "BRCER"),
        ("சாதி சான்றிதழ்", "CSCER"),
        ("ರೇಷನ್ ಕಾರ್ಡ್", "RSCRD"),
        ("पेन्शन", "PECER"),
        ("ration card", "RSCRD"),
        ("covid vaccine", "VACER"),
    ],
)
def test_what_has_no_short_name_of_ours_is_found_by_its_words(words: str, doctype: str) -> None:
    assert found(words).offers[0].doctype == doctype


def test_words_that_name_an_issuer_narrow_the_list() -> None:
    (only,) = found("10th marksheet karnataka", within="SSCER").offers
    assert only.issuer == "Board of School Education, Karnataka"
    assert found("कर्नाटक ದಸ್ತಾವೇಜು ಕರ್ನಾಟಕ", within="SSCER").offers[0].issuer.endswith("Karnataka")


def test_words_for_something_else_leave_the_issuers_of_a_kind() -> None:
    other = found("bike insurance", "TWIPC", within="SSCER")
    assert other.within != "SSCER"
    assert other.offers[0].doctype == "TWIPC"


def test_a_kind_with_one_issuer_is_offered_with_it_and_one_with_several_without() -> None:
    assert found("pan").offers[0].org_id
    several = found("marksheet").offers
    assert [offer.org_id for offer in several if offer.doctype == "SSCER"] == [""]


def test_issuers_come_a_page_at_a_time_each_once_and_a_page_too_many_is_the_first() -> None:
    first = found("10th marksheet", within="SSCER")
    pages = [found("10th marksheet", within="SSCER", page=page) for page in range(1, -(-first.total // PAGE_SIZE) + 1)]
    names = [offer.issuer for page in pages for offer in page.offers]
    assert len(names) == len(set(names)) == first.total > 4 * PAGE_SIZE
    assert found("10th marksheet", within="SSCER", page=99) == first


def test_what_says_nothing_finds_nothing() -> None:
    assert found("zzzz").offers == ()


def test_words_that_no_catalogue_has_stay_as_they_are() -> None:
    assert in_english("Qwertz आय 12") == "qwertz income 12"
