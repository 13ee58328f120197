"""Every catalogue is complete, fits WhatsApp's limits, and is in its own language."""

import re
import string
import unicodedata
from pathlib import Path

import pytest

import helpdesk.languages
from helpdesk.conversation.choices import Choice
from helpdesk.conversation.events import Said
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.problems import Problem
from helpdesk.languages.catalogue import Catalogue, catalogue, catalogues, codes
from helpdesk.understanding.reading import read
from helpdesk.understanding.text import fold
from helpdesk.whatsapp.messages import length
from tools.spelling import NAMES_OF_LANGUAGES
from tools.texts import CONSENTS, FACTS, LONGEST, NOTES, QUESTIONS, is_word_list, limit

ENGLISH = catalogue("en")
HOMONYMS = {("ide",)}
"""Written alike in two languages with a meaning in each: the language that is spoken decides."""
# Latin letters that belong into any language's texts.
NAMES = {
    "Asha",
    "ASHA",
    "Kumari",
    "DigiLocker",
    "OTP",
    "PIN",
    "DL",
    "PAN",
    "PDF",
    "UIDAI",
    "VID",
    "XML",
    "QR",
    "A",
    "RC",
    "SMS",
    "WhatsApp",
    "English",
    "Search",
    "documents",
    "Sign",
    "up",
    "Help",
}
LONGEST_SENTENCE = 24
"""Words, as a twelve-year-old reads them."""
every_language = pytest.mark.parametrize("language", catalogues(), ids=lambda language: language.code)


def shown(language: Catalogue) -> dict[str, str]:
    return {key: text for key, text in language.texts.items() if not is_word_list(key) and key not in FACTS}


def fields(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def test_thirteen_languages_are_spoken_and_english_comes_first() -> None:
    expected = ["en", "hi", "bn", "mr", "te", "ta", "gu", "ur", "kn", "or", "ml", "pa", "as"]
    assert [one.code for one in catalogues()] == expected
    assert codes() == tuple(one.code for one in catalogues())


@every_language
def test_has_the_same_texts_as_the_english_one(language: Catalogue) -> None:
    assert language.texts.keys() == ENGLISH.texts.keys()


@every_language
def test_has_an_example_and_an_explanation_for_every_question(language: Catalogue) -> None:
    asked = set(Stage) - {Stage.NEW, Stage.ENDED, Stage.STOPPED, Stage.SENDING_OTP, Stage.VERIFYING}
    asked -= {Stage.MAKING_LINK, Stage.EXCHANGING, Stage.SEARCHING, Stage.PULLING}
    assert language.section("example").keys() == {stage.value for stage in asked}
    explained = {stage.value for stage in asked} | {"waiting", "ways"}
    assert language.section("help").keys() == explained


@every_language
def test_has_the_same_values_to_fill_in(language: Catalogue) -> None:
    for key, text in shown(language).items():
        assert fields(text) == fields(ENGLISH.texts[key]), key


@every_language
def test_fits_whatsapps_limits_with_the_longest_values(language: Catalogue) -> None:
    for key, text in shown(language).items():
        assert 1 <= length(text.format_map(LONGEST)) <= limit(key), key


@every_language
def test_a_note_and_a_question_fit_into_one_message(language: Catalogue) -> None:
    def size(key: str) -> int:
        return length(language.texts[key].format_map(LONGEST))

    longest = max(size(key) for key in NOTES)
    more = max(size(key) for key in language.texts if key.startswith("example.") or key == "person")
    for key in QUESTIONS:
        assert longest + 2 + size(key) + 2 + more <= 1024, key
    for key in CONSENTS:  # what does not fit below is left out
        assert longest + 2 + size(key) <= 1024, key
    refusal = max(size(key) for key in language.texts if key.startswith("problem."))
    for key in ("sign_up.mobile", "sign_up.mobile_own", "sign_up.check"):
        assert refusal + 2 + size(key) + 2 + size("sign_up.has_account") <= 1024, key
    for key in (key for key in language.texts if key.startswith("help.")):
        assert size(key) + 2 + size("help.ways") <= 1024, key


@every_language
def test_has_a_title_for_every_button_and_a_text_for_every_problem(language: Catalogue) -> None:
    titled = {Choice.SPEAK, Choice.DOCUMENT, Choice.MORE, Choice.OPTION}
    titled |= {Choice.COURTESY, Choice.UNSURE, Choice.NOT_COME, Choice.CHAT}  # said, never tapped
    assert language.section("button").keys() == {choice.value for choice in Choice if choice not in titled}
    assert language.section("problem").keys() == {problem.value for problem in Problem}


@every_language
def test_button_titles_differ(language: Catalogue) -> None:
    titles = list(language.section("button").values())
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("language", catalogues()[1:], ids=lambda language: language.code)
def test_nothing_is_left_in_english(language: Catalogue) -> None:
    script = language.texts["language.script"]
    for key, text in shown(language).items():
        plain = (
            text.replace(NAMES_OF_LANGUAGES, "")
            .replace("https://www.digilocker.gov.in", "")
            .replace("DL-7K3F-9QXM", "")
        )
        for name, *_ in ((field, None) for field in fields(text)):
            plain = plain.replace(f"{{{name}}}", "")
        words = "".join(c if c.isalpha() or unicodedata.combining(c) else " " for c in plain).split()
        for word in words:
            scripts = {unicodedata.name(c).split()[0] for c in word if c.isalpha()}
            assert scripts <= {script} or word in NAMES, f"{key}: {word}"


def in_bold(text: str) -> list[str]:
    return re.findall(r"(?<![*\w])\*([^*\n]+)\*", text)


def choices(text: str, language: str = "en") -> set[str]:
    """Return what the words in bold mean when she types them."""
    here = Conversation(language=language)
    events = [read("wamid", words, here).event for words in in_bold(text)]
    return {choice.value for event in events if isinstance(event, Said) for choice in event.choices}


@every_language
def test_names_the_buttons_that_the_english_names_in_words_that_are_understood(language: Catalogue) -> None:
    titles = {title: name for name, title in ENGLISH.section("button").items()}
    for key, text in shown(ENGLISH).items():
        named = {titles[words] for words in in_bold(text) if words in titles}
        assert named <= choices(language.texts[key], language.code) or key.startswith("button."), key


NAMES_PUT_IN = "document|issuer|kinds?|department|language|words"
AGREEING = {"hi", "mr", "gu", "pa", "ur"}
"""Their verbs and adjectives take the gender of a document's name."""
WITH_A_VERB_THAT_DOES_NOT_AGREE = {"language.back", "poster.wish", "documents.sign_in_again"}


@every_language
def test_nothing_is_joined_to_a_name_put_in_and_no_verb_agrees_with_it(language: Catalogue) -> None:
    for key, text in language.texts.items():
        assert not re.search(rf"{{(?:{NAMES_PUT_IN})}}\*?[-\u2019'\w]", text), key
        if language.code in AGREEING and key not in WITH_A_VERB_THAT_DOES_NOT_AGREE:
            assert not re.search(rf"{{(?:{NAMES_PUT_IN})}}\*? \w", text), key


def test_english_sentences_are_short() -> None:
    for key, text in shown(ENGLISH).items():
        sentences = re.split(r"[.!?:;•\n]+", re.sub(r"https?://\S+", "", text))
        assert max(len(sentence.split()) for sentence in sentences) <= LONGEST_SENTENCE, key


@every_language
def test_says_as_many_things_about_consent_and_privacy_as_the_english(language: Catalogue) -> None:
    for key in (*CONSENTS, "privacy", "privacy.page"):
        assert language.texts[key].count("•") >= ENGLISH.texts[key].count("•"), key


@every_language
def test_is_written_in_the_direction_of_its_letters(language: Catalogue) -> None:
    letters = {unicodedata.bidirectional(letter) for letter in language.texts["menu"] if letter.isalpha()}
    is_right_to_left = bool(letters & {"R", "AL"})
    assert language.texts["language.direction"] == ("rtl" if is_right_to_left else "ltr")


@every_language
def test_no_word_means_two_things_at_once_where_both_could_be_meant(language: Catalogue) -> None:
    words = {kind: set(text.replace("\n", ",").split(",")) for kind, text in language.section("words").items()}
    stripped = {kind: {phrase.strip() for phrase in phrases} - {""} for kind, phrases in words.items()}
    meant: dict[str, str] = {}
    for kind, phrases in stripped.items():
        # Classes of words overlap: "one" is a number and a filler. What she can choose does not.
        for phrase in phrases if kind in set(Choice) else ():
            assert meant.setdefault(phrase, kind) == kind, phrase


def test_no_word_is_one_choice_in_a_language_and_another_choice_in_the_next() -> None:
    meant: dict[tuple[str, ...], tuple[str, str]] = {}
    for language in catalogues():
        for choice in {choice.value for choice in Choice} - {Choice.SPEAK.value}:
            typed = language.texts.get(f"words.{choice}", "").replace("\n", ",").split(",")
            for phrase in (fold(text) for text in (*typed, language.texts.get(f"button.{choice}", "")) if text.strip()):
                first, where = meant.setdefault(phrase, (choice, language.code))
                same = first == choice or phrase in HOMONYMS
                assert same, f"{phrase}: {first} in {where}, {choice} in {language.code}"


def test_a_catalogue_holds_nothing_but_text() -> None:
    folder = Path(helpdesk.languages.__file__).parent
    assert {path.suffix for path in folder.iterdir() if path.is_file()} <= {".py", ".txt"}
    assert {path.stem for path in folder.glob("*.txt")} == {language.code for language in catalogues()}
