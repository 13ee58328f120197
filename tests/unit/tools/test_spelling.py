"""What keyboards, converters and neighbouring languages leave in a text is named."""

import pytest

from helpdesk.languages.catalogue import Catalogue, catalogues
from tools.spelling import faults
from tools.texts import is_translated


@pytest.mark.parametrize("language", catalogues()[1:], ids=lambda language: language.code)
def test_every_text_is_spelt_as_its_language_is(language: Catalogue) -> None:
    texts = {key: text for key, text in language.texts.items() if is_translated(key)}
    assert [(key, fault) for key, text in texts.items() for fault in faults(language.code, key, text)] == []


@pytest.mark.parametrize(
    ("code", "text", "fault"),
    [
        ("hi", "सूची खोलें.", "danda"),
        ("hi", "यह समझ में नहीं आया: {words}. फिर लिखें।", "danda"),
        ("bn", "যেমন ASHA1990. অন্য", "danda"),
        ("hi", "नम़स्ते", "nukta"),
        ("hi", "कृपया | लिखें", "bar"),
        ("hi", "िलखें", "without a letter"),
        ("hi", "थोडी़ देर", "nukta"),
        ("mr", "यादी उघडा।", "DANDA"),
        ("bn", "আপোনাৰ", "RA WITH MIDDLE DIAGONAL"),
        ("as", "আপনার", "BENGALI LETTER RA"),
        ("or", "ଯାଉଛି.", "danda"),
        ("pa", "ਲਾੰਭ", "tippi"),
        ("ml", "നിങ്ങള്\u200d", "joiner"),
        ("ml", "എന്റെ \u200cരേഖ", "joins nothing"),
        ("kn", "ಚಾಟ್\u200c ನಲ್ಲಿ", "end of a word"),
        ("ta", "ப்ராஜெக்ட் ॐ", "DEVANAGARI OM"),
        ("te", "పంప ండిి", "two vowel signs"),
        ("gu", "યાદી ખોલો ?", "space before a sign"),
        ("ur", "كتاب", "ARABIC LETTER KAF"),
        ("ur", "فہرست کھولیں.", "Latin sign"),
        ("hi", "\u0929ाम", "NNNA"),
    ],
)
def test_a_slip_is_named(code: str, text: str, fault: str) -> None:
    assert any(fault in found for found in faults(code, "menu", text))
