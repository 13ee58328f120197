"""The query of DigiLocker's redirect."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.digilocker.consent_page import new_state
from helpdesk.web.callback import CallbackRefused, Consented, Declined, read_callback, read_parameter

STATE = f"{'0' * 32}.{'s' * 22}"
CODE = "0123456789abcdef0123456789abcdef01234567"


def test_a_code_comes_with_its_state() -> None:
    assert read_callback({"state": [STATE], "code": [CODE]}) == Consented(STATE, CODE)


def test_a_state_of_ours_is_taken() -> None:
    state = new_state("0" * 32)

    assert read_callback({"state": [state], "code": [CODE]}).state == state


def test_her_refusal_is_told_from_other_errors() -> None:
    denied = read_callback({"state": [STATE], "error": ["access_denied"], "error_description": ["The user refused"]})
    failed = read_callback({"state": [STATE], "error": ["server_error"]})

    assert denied == Declined(STATE, "access_denied")
    assert isinstance(failed, Declined)
    assert (denied.by_citizen, failed.by_citizen) == (True, False)


@pytest.mark.parametrize("error", ["Access denied", "a" * 65, "999999990019", "a\nb", "दस्तावेज़", "access_denied\n"])
def test_an_error_that_could_be_a_text_is_not_kept(error: str) -> None:
    told = read_callback({"state": [STATE], "error": [error]})

    assert told == Declined(STATE, "(other)")


@pytest.mark.parametrize(
    "code", ["a", "a" * 512, "4/0AX4XfWh-", "a.b~c_d", "YWJj+/=="], ids=["one", "longest", "slash", "dots", "base64"]
)
def test_the_form_of_a_code_is_free_within_limits(code: str) -> None:
    assert read_callback({"state": [STATE], "code": [code], "session_state": ["whatever else"]}) == Consented(
        STATE, code
    )


@pytest.mark.parametrize(
    "query",
    [
        None,
        {},
        {"code": [CODE]},
        {"state": [STATE]},
        {"state": [STATE], "code": [CODE], "error": ["access_denied"]},
        {"state": [STATE], "code": [""]},
        {"state": [STATE], "error": [""]},
        {"state": [""], "code": [CODE]},
        {"state": [STATE[:-1]], "code": [CODE]},
        {"state": [STATE + "s"], "code": [CODE]},
        {"state": [STATE[:-1] + "\n"], "code": [CODE]},
        {"state": [STATE + "\n"], "code": [CODE]},
        {"state": [STATE[:-1] + "é"], "code": [CODE]},
        {"state": [STATE], "code": ["a" * 513]},
        {"state": [STATE], "code": ["a b"]},
        {"state": [STATE], "code": ["a\r\nb"]},
        {"state": [STATE], "code": ["a\n"]},
        {"state": [STATE], "code": ["ä"]},
        {"state": [STATE, STATE], "code": [CODE]},
        {"state": [STATE], "code": [CODE, CODE]},
        {"state": [STATE], "error": ["a", "a"]},
        {"state": [STATE], "code": [CODE], "other": ["1", "2"]},
        {"state": [STATE], "code": [CODE], "other": []},
        {"state": [STATE], "code": [CODE], "other": ["x" * 4096]},
        {"state": [STATE], "code": [CODE], **{f"other{number}": ["x"] for number in range(15)}},
    ],
)
def test_whatever_else_comes_is_refused_and_not_repeated(query: dict[str, list[str]] | None) -> None:
    with pytest.raises(CallbackRefused) as caught:
        read_callback(query)

    shown = f"{caught.value!s} {caught.value!r}"
    assert STATE[:-1] not in shown
    assert CODE not in shown


def test_state_and_code_do_not_show_in_a_repr() -> None:
    shown = repr([Consented(STATE, CODE), Declined(STATE, "access_denied")])

    assert STATE not in shown
    assert CODE not in shown


texts = st.text(max_size=50)


@given(st.dictionaries(st.sampled_from(["state", "code", "error"]) | texts, st.lists(texts, max_size=3)))
def test_anything_is_read_or_refused(query: dict[str, list[str]]) -> None:
    try:
        told = read_callback(query)
    except CallbackRefused:
        return
    assert [told.state] == query["state"]


def test_a_link_of_our_own_is_read_by_the_form_of_its_parameter() -> None:
    form = re.compile("[a-z]{4}")

    assert read_parameter({"t": ["abcd"], "utm": ["x"]}, "t", form) == "abcd"
    for query in ({"t": ["abcde"]}, {"t": ["abcd", "abcd"]}, {"u": ["abcd"]}, None):
        with pytest.raises(CallbackRefused):
            read_parameter(query, "t", form)
