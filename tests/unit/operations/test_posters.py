"""Posters: what their codes hold, and that the desk understands what they type."""

from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from PIL import Image

from helpdesk.conversation.model import Wish
from helpdesk.languages.catalogue import codes
from operations.operator import Stopped
from operations.stage.posters import Poster, main, posters
from standins.digilocker.citizens import everyone
from tests.conversations.chat import Chat

NUMBER = "919000000000"
POSTERS = posters(NUMBER)


def test_there_is_one_for_each_document_in_each_language() -> None:
    assert len({poster.name for poster in POSTERS}) == len(codes()) * 11


@pytest.mark.parametrize("code", codes())
def test_the_code_leads_to_the_chat_with_a_wish_that_is_understood_and_kept_in_its_language(code: str) -> None:
    for poster in (one for one in POSTERS if one.language.code == code):
        address = urlsplit(scanned(poster))
        assert (address.netloc, address.path) == ("wa.me", f"/{NUMBER}")
        (message,) = parse_qs(address.query)["text"]
        chat = Chat(everyone()[0])
        chat.say(message)
        kept = (chat.conversation.wish, chat.conversation.language)
        assert kept == (Wish((poster.doctype,)), code), poster.message


def scanned(poster: Poster) -> str:
    picture = BytesIO()
    poster.code.save(picture, kind="png", scale=6, border=4)
    (found,) = zxingcpp.read_barcodes(Image.open(picture).convert("L"), zxingcpp.barcode_formats_from_str("QRCode"))
    return str(found.text)


def test_a_number_is_shown_as_people_read_it() -> None:
    assert [posters(number)[0].shown_number for number in (NUMBER, "4930123456")] == ["+91 90000 00000", "+4930123456"]


def test_the_department_is_named() -> None:
    assert {poster.department for poster in posters(NUMBER, "Transport") if poster.language.code == "en"} == {
        "Transport"
    }


@pytest.mark.parametrize("number", ["0900", "+919000000000"])
def test_a_number_that_is_none_is_asked_for(number: str) -> None:
    with pytest.raises(Stopped, match="country code"):
        main(["helpdesk-dev", number])


def test_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Stopped, match="apt-get install poppler-utils"):
        main(["helpdesk-dev", NUMBER])
