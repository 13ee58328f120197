"""What a form asks is read whatever a phone leaves out or adds."""

import json

import pytest

from helpdesk.errors import PayloadError
from helpdesk.forms.requests import LONGEST_FIELD, Action, FormRequest, read_request


def read(request: object) -> FormRequest:
    return read_request(json.dumps(request).encode())


def test_a_submission() -> None:
    data = {"number": "999999990019", "agree": True, "token": "t1", "step": "4", "gone": None}
    request = read({"version": "4.0", "action": "data_exchange", "screen": "NUMBER", "data": data, "flow_token": "t1"})
    assert request == FormRequest(
        Action.SUBMIT, "NUMBER", {"number": "999999990019", "agree": "yes", "token": "t1", "step": "4"}, "t1"
    )
    assert request.step == 4


def test_a_phone_that_leaves_the_token_out_is_known_by_what_the_screen_carries() -> None:
    assert read({"action": "data_exchange", "screen": "OTP", "data": {"token": "t1", "step": 2}}).token == "t1"
    assert read({"action": "BACK", "screen": "OTP"}).token == ""


@pytest.mark.parametrize("data", [{}, {"screen": "", "data": {}}, {"screen": None, "data": []}])
def test_screen_and_data_may_be_missing(data: dict[str, object]) -> None:
    assert read({"action": "INIT", "flow_token": "t1", **data}) == FormRequest(Action.INIT, token="t1")


@pytest.mark.parametrize("name", ["error", "error_key"])
@pytest.mark.parametrize("action", ["data_exchange", "navigate", "INIT"])
def test_an_error_report_is_told_by_its_data(name: str, action: str) -> None:
    data = {name: "payload-schema-error", "error_message": "999999990019 is not declared"}
    request = read({"action": action, "screen": "OTP", "data": data, "flow_token": "t1"})
    assert request.action is Action.ERROR
    assert request.fields == {"error": "payload-schema-error"}


@pytest.mark.parametrize("step", ["", "x", "-1", "1.5", "१", "1234567", True])
def test_a_screen_without_a_number_has_none(step: object) -> None:
    assert read({"action": "data_exchange", "data": {"step": step}}).step == 0


def test_what_is_too_long_is_left_out() -> None:
    request = read(
        {"action": "data_exchange", "data": {"name": "x" * (LONGEST_FIELD + 1), **{f"f{n}": "1" for n in range(50)}}}
    )
    assert request.fields["name"] == ""
    assert len(request.fields) == 20


def test_half_a_surrogate_pair_can_be_encoded_later() -> None:
    assert read_request(b'{"action": "data_exchange", "data": {"name": "\\ud83d"}}').fields["name"].encode()


@pytest.mark.parametrize("clear", [b"", b"[]", b"1", b"{}", b'{"action": "delete"}', b'{"action": 1}', b"\xff"])
def test_what_is_no_request_is_refused(clear: bytes) -> None:
    with pytest.raises(PayloadError):
        read_request(clear)


def test_nothing_that_was_entered_is_in_a_repr() -> None:
    assert "9999" not in repr(read({"action": "data_exchange", "data": {"number": "999999990019"}}))


def test_a_proof_that_is_no_text_counts_as_a_wrong_one() -> None:
    assert read({"action": "ping", "flow_token_signature": 7}).signature == "-"
    assert read({"action": "ping", "flow_token_signature": ""}).signature == ""
