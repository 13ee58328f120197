"""The search itself: a scan that finds nothing is worth only as much as what it would have found."""

import base64
import gzip
import hashlib
import html
import json
import random
import urllib.parse
import zlib
from collections.abc import Callable

import pytest

from standins.digilocker.aadhaar import UIDAI_TEST_NUMBERS, made_up_vid
from tests.traces.searching import DEPTH, Class, Planted, Shape, Trace, search, search_all

AADHAAR = UIDAI_TEST_NUMBERS[1]
TOKEN = "4b1d0c9e2f7a6853b1d0c9e2f7a68534b1d0c9e2"
LINK = "https://documents.s3.ap-south-1.amazonaws.com/documents/0a1b?X-Amz-Expires=900&X-Amz-Signature=77aa88bb99cc"

PLANTED = {
    "Aadhaar number": Planted("Aadhaar number", AADHAAR, Class.SECRET, Shape.NUMBER),
    "VID": Planted("VID", made_up_vid(1), Class.SECRET, Shape.NUMBER),
    "OTP": Planted("OTP", "718293", Class.SECRET, Shape.NUMBER),
    "date of birth": Planted("date of birth", "17061988", Class.SECRET, Shape.DATE),
    "access token": Planted("access token", TOKEN, Class.SECRET, Shape.RANDOM),
    "device code": Planted("device code", "aB3xY9kQ2m", Class.SECRET, Shape.RANDOM),
    "PAN": Planted("PAN", "AAAPV0000A", Class.PERSONAL, Shape.NUMBER),
    "document URI": Planted("document URI", "in.gov.transport-DRVLC-DL0020200000001", Class.PERSONAL),
    "phone number": Planted("phone number", "9000000001", Class.PERSONAL, Shape.NUMBER),
    "user id": Planted("user id", "IN.01234567890123456", Class.PERSONAL),
    "link": Planted("link", LINK, Class.PERSONAL),
}


def devanagari(text: str) -> str:
    return text.translate({ord("0") + digit: chr(0x0966 + digit) for digit in range(10)})


def every_letter_escaped(text: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in text)


def raw_deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "in capitals": lambda text: text.upper().encode(),
    "JSON": lambda text: json.dumps({"text": text}).encode(),
    "JSON in JSON": lambda text: json.dumps({"text": json.dumps({"text": text})}).encode(),
    "JSON with every letter escaped": lambda text: every_letter_escaped(text).encode(),
    "JSON in JSON with every letter escaped": lambda text: json.dumps(every_letter_escaped(text)).encode(),
    "repr of bytes": lambda text: repr(devanagari(text).encode()).encode(),
    "URL-escaped": lambda text: urllib.parse.quote(text, safe="").encode(),
    "URL-escaped throughout": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()).encode(),
    "URL-escaped twice": lambda text: urllib.parse.quote(urllib.parse.quote(text, safe=""), safe="").encode(),
    "in a form": lambda text: urllib.parse.urlencode({"dl_otp": text}).encode(),
    "HTML-escaped": lambda text: html.escape(text).encode(),
    "HTML-escaped throughout": lambda text: "".join(f"&#{ord(letter)};" for letter in text).encode(),
    "HTML-escaped in hex": lambda text: "".join(f"&#x{ord(letter):X};" for letter in text).encode(),
    "hex": lambda text: text.encode().hex().encode(),
    "hex in capitals": lambda text: text.encode().hex().upper().encode(),
    "hex with colons": lambda text: text.encode().hex(":").encode(),
    "hex behind one hex digit": lambda text: b"id=a" + text.encode().hex().encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "base64 of JSON": lambda text: base64.b64encode(json.dumps({"a": [text]}).encode()),
    "base64 of base64": lambda text: base64.b64encode(base64.b64encode(b"say:" + text.encode())),
    "base64 of a form in JSON": lambda text: json.dumps(
        {"body": base64.b64encode(urllib.parse.urlencode({"uid": text}).encode()).decode()}
    ).encode(),
    "base64, URL-escaped": lambda text: urllib.parse.quote(base64.b64encode(text.encode()).decode(), safe="").encode(),
    "base64 behind a word": lambda text: b"data_" + base64.b64encode(text.encode()),
    "gzip": lambda text: gzip.compress(text.encode()),
    "gzip in something else": lambda text: b"\x00\x01blob:" + gzip.compress(json.dumps([text]).encode()) + b"rest",
    "zlib": lambda text: zlib.compress(text.encode()),
    "deflate": lambda text: raw_deflated(text.encode()),
    "base64 of gzip": lambda text: base64.b64encode(gzip.compress(text.encode())),
    "base64 of zlib in JSON": lambda text: json.dumps(
        {"Data": base64.b64encode(zlib.compress(text.encode())).decode()}
    ).encode(),
    "base64 of deflate": lambda text: base64.b64encode(raw_deflated(text.encode())),
    "gzip of base64 of JSON": lambda text: gzip.compress(base64.b64encode(json.dumps([text]).encode())),
    **{
        f"base64 at byte {offset}, {name}": lambda text, offset=offset, encode=encode: encode(  # type: ignore[misc]
            b"\xfb\xef\xbe"[:offset] + text.encode() + b"?>"
        )
        for offset in range(3)
        for name, encode in (("standard", base64.b64encode), ("for URLs", base64.urlsafe_b64encode))
    },
}


def in_a_log_line(content: bytes) -> bytes:
    before = b'{"level":"INFO","timestamp":"2026-11-24 06:43:12,345+0000","said":"'
    return before + content + b'","step":"0a1b2c3d4e5f"}\n'


def found(content: bytes) -> list[str]:
    return [trace.name for trace in search(PLANTED.values(), "here", content)]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_planted_value_is_found(encoding: str) -> None:
    contents = {name: ENCODINGS[encoding](planted.value) for name, planted in PLANTED.items()}
    assert [name for name, content in contents.items() if name not in found(content)] == []


# Raw deflate has no mark of its own: it is found where a blob begins.
@pytest.mark.parametrize("encoding", sorted(ENCODINGS.keys() - {"deflate"}))
def test_every_planted_value_is_found_in_a_log_line(encoding: str) -> None:
    contents = {name: in_a_log_line(ENCODINGS[encoding](planted.value)) for name, planted in PLANTED.items()}
    assert [name for name, content in contents.items() if name not in found(content)] == []


@pytest.mark.parametrize("encoding", ["plain", "JSON", "URL-escaped", "base64 of JSON"])
@pytest.mark.parametrize("between", [" ", "-", "\u00a0", "\u200b", " -", "–", ", "])
@pytest.mark.parametrize("size", [1, 3, 4])
def test_a_number_is_found_however_it_is_grouped(size: int, between: str, encoding: str) -> None:
    missed = []
    for name in ("Aadhaar number", "VID", "OTP", "PAN", "phone number"):
        value = PLANTED[name].value
        grouped = between.join(value[at : at + size] for at in range(0, len(value), size))
        if name not in found(ENCODINGS[encoding](f"it is {grouped}, she says")):
            missed.append(name)
    assert missed == []


@pytest.mark.parametrize(
    "zero", [0x0660, 0x06F0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66]
)
@pytest.mark.parametrize("name", ["Aadhaar number", "VID", "OTP", "date of birth", "phone number"])
def test_digits_of_every_indian_script_are_read(name: str, zero: int) -> None:
    digits = "".join(chr(zero + int(digit)) for digit in PLANTED[name].value)
    for content in (digits.encode(), json.dumps(digits).encode(), base64.b64encode(f"क{digits}".encode())):
        assert name in found(content)


@pytest.mark.parametrize("written", ["17-06-1988", "17/06/1988", "1988-06-17", "19880617", "17.06.1988", "17 06 1988"])
def test_a_date_of_birth_is_found_however_it_is_written(written: str) -> None:
    assert found(f'"dob": "{written}"'.encode()) == ["date of birth"]


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_a_hash_without_a_key_is_as_good_as_the_number(algorithm: str) -> None:
    digest = hashlib.new(algorithm, AADHAAR.encode(), usedforsecurity=False)
    assert found(b'"mark":"' + digest.hexdigest().encode() + b'"') == ["Aadhaar number"]
    assert found(b'"mark":"' + base64.b64encode(digest.digest()) + b'"') == ["Aadhaar number"]
    assert found(hashlib.sha256(f"key{AADHAAR}".encode()).hexdigest().encode()) == []


def test_a_token_that_was_cut_is_found() -> None:
    assert found(f"Authorization: Bearer {TOKEN[:20]}...".encode()) == ["access token"]
    assert found(f"...{TOKEN[10:30]}...".encode()) == ["access token"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_scrambled_value_is_not_found(encoding: str) -> None:
    wrongly_found = []
    for planted in PLANTED.values():
        value = planted.value
        scrambled = [value[::-1]]
        if planted.name != "access token":  # a piece of that is enough
            scrambled += [value[1:] + value[0], f"{value[:-1]}{'7' if value[-1] != '7' else '3'}"]
        wrongly_found += [planted.name for one in scrambled if found(ENCODINGS[encoding](one))]
    assert wrongly_found == []


def test_what_is_near_a_value_is_not_the_value() -> None:
    harmless = (
        "1718293",  # a longer number that holds the OTP
        "0x718293a",
        "a718293b4c",
        "2026-11-24 06:43:12,345+0000",
        "9999 4105 7059",
        "1988-06-18",
        "documents/0a1b?X-Amz-Signature=77aa88bb99cd",
        "IN.01234567890123457",
    )
    assert [text for text in harmless if found(text.encode())] == []


def test_much_that_is_random_holds_nothing() -> None:
    draw = random.Random(20261124)  # noqa: S311 - the same each time
    noise = draw.randbytes(60_000)
    for content in (noise, noise.hex().encode(), base64.b64encode(noise), gzip.compress(noise)):
        assert found(content) == []


def test_a_trace_says_what_and_where_but_never_the_value() -> None:
    content = json.dumps({"body": base64.b64encode(AADHAAR.encode()).decode()}).encode()
    (trace,) = search_all(list(PLANTED.values()), [("an empty place", b""), ("line 7 of the log", content)])
    assert trace == Trace("Aadhaar number", Class.SECRET, "line 7 of the log", ("base64",))
    assert AADHAAR not in f"{trace} {trace!r} {list(PLANTED.values())!r}"


def test_what_places_have_in_common_is_told_of_each() -> None:
    content = json.dumps({"body": base64.b64encode(AADHAAR.encode()).decode()}).encode()
    places = [("first", content), ("empty", b""), ("second", content), ("third", b"seen: " + content)]

    traces = search_all(list(PLANTED.values()), places)

    assert [trace.where for trace in traces] == ["first", "second", "third"]
    assert traces[0].encodings == traces[1].encodings == traces[2].encodings == ("base64",)


def test_what_was_met_deep_in_one_place_is_read_as_deeply_in_another() -> None:
    once = base64.b64encode(f"it is {AADHAAR}, she says".encode())
    letters = once
    for _ in range(DEPTH - 1):
        letters = base64.b64encode(letters)
    # Too deep to be read in the first place, where its letters are met all the same.
    too_deep = base64.b64encode(base64.b64encode(letters))

    places = [("first", too_deep), ("second", letters)]

    assert search_all(list(PLANTED.values()), places[:1]) == []
    assert {trace.where for trace in search_all(list(PLANTED.values()), places)} == {"second"}
