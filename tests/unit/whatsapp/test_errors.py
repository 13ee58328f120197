"""From Meta's codes to what can be done about them."""

import pytest

from helpdesk.errors import WhatsAppError
from helpdesk.whatsapp.errors import (
    CLASS_OF_CODE,
    InboundMediaLost,
    InvalidMessage,
    MediaFailed,
    Misconfigured,
    OutcomeUnknown,
    PolicyBlocked,
    RateLimited,
    TokenRefused,
    Unavailable,
    Undeliverable,
    WindowClosed,
    error_of,
)

# The reference's table of codes, row by row.
TABLE: dict[type[WhatsAppError], list[int]] = {
    RateLimited: [130429, 131056, 4, 80007, 132069],
    Unavailable: [131016, 2, 133004, 131000, 1, 131057],
    MediaFailed: [131053],
    InboundMediaLost: [131052],
    WindowClosed: [131047],
    Undeliverable: [131026, 131049, 131050, 130472, 131021, 131030, 131035, 131036],
    InvalidMessage: [
        *(131051, 131008, 131009, 100, 131062),
        *(132000, 132001, 132005, 132007, 132012, 132015, 132016),
    ],
    TokenRefused: [190, 0],
    PolicyBlocked: [131048, 368, 131031, 130497, 132068],
    Misconfigured: [33, 3, 10, 200, 250, 299, 131005, 131042, 131037, 131045, 133010, 133005, 133016],
}
ROWS = [(code, kind) for kind, codes in TABLE.items() for code in codes]


def body(code: object, **more: object) -> object:
    error = {
        "message": f"(#{code}) 919000000001",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": "to 919000000001"},
        "fbtrace_id": "A",
    }
    return {"error": error | more}


@pytest.mark.parametrize(("code", "kind"), ROWS)
@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_known_code_decides_whatever_the_status(code: int, kind: type[WhatsAppError], status: int) -> None:
    error = error_of(status, body(code))

    assert type(error) is kind
    assert (error.code, error.status) == (code, status)


def test_the_table_holds_no_other_codes() -> None:
    ranges = {*range(200, 300), *range(133005, 133017)}

    assert set(CLASS_OF_CODE) == {code for code, _ in ROWS} | ranges


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, OutcomeUnknown),
        (302, Misconfigured),
        (400, InvalidMessage),
        (401, TokenRefused),
        (403, Misconfigured),
        (404, Misconfigured),
        (413, InvalidMessage),
        (429, RateLimited),
        (500, OutcomeUnknown),
        (502, OutcomeUnknown),
        (503, Unavailable),
        (504, OutcomeUnknown),
    ],
)
@pytest.mark.parametrize(
    "answer", [None, [], {}, {"error": "x"}, {"error": {}}, body(999999), body("190"), body(True), body(None)]
)
def test_without_a_known_code_the_status_decides(status: int, kind: type[WhatsAppError], answer: object) -> None:
    assert type(error_of(status, answer)) is kind


def test_a_code_that_is_new_to_us_is_kept_for_the_log() -> None:
    assert error_of(400, body(999999)).code == 999999


def test_a_wrong_phone_number_id_is_told_from_a_wrong_parameter() -> None:
    assert type(error_of(400, body(100, error_subcode=33))) is Misconfigured
    assert type(error_of(400, body(100, error_subcode=34))) is InvalidMessage


@pytest.mark.parametrize(
    ("kind", "retryable"),
    [(kind, kind in {RateLimited, Unavailable, OutcomeUnknown}) for kind in [*TABLE, OutcomeUnknown]],
)
def test_only_what_can_succeed_by_itself_is_retryable(kind: type[WhatsAppError], retryable: bool) -> None:
    assert kind.retryable is retryable


@pytest.mark.parametrize(
    ("code", "pause"), [(130429, 1.0), (131056, 1.0), (4, 60.0), (80007, 60.0), (132069, 360.0), (None, 1.0)]
)
def test_a_rate_limit_advises_a_pause(code: int | None, pause: float) -> None:
    assert RateLimited(code).pause == pause


@pytest.mark.parametrize(("code", "kind"), ROWS)
def test_an_error_does_not_repeat_what_meta_wrote(code: int, kind: type[WhatsAppError]) -> None:
    error = error_of(400, body(code))

    assert "919000000001" not in f"{error!s} {error!r} {vars(error)}"
