"""Headers, cookies and secrets of the answers to a browser."""

from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.web import answers
from helpdesk.web.cookies import Cookie, forgotten, is_same, read_cookie
from helpdesk.web.pages import STYLE_HASH

LOCATION = "https://digilocker.example.org/public/oauth2/1/authorize?state=a"


def policy(headers: dict[str, str]) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in headers["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in parts}


# --- headers


def test_nothing_may_be_loaded_run_framed_or_sent_but_the_pages_own_style() -> None:
    assert policy(answers.security_headers()) == {
        "default-src": "'none'",
        "style-src": f"'sha256-{STYLE_HASH}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


def test_a_form_may_lead_where_the_page_says_and_no_page_says_more() -> None:
    (said,) = answers.page("", form_action="'self' https://digilocker.example")["multiValueHeaders"][
        "Content-Security-Policy"
    ]
    assert "form-action 'self' https://digilocker.example;" in said


def test_a_browser_that_posted_is_led_on_with_a_new_request_and_the_usual_headers() -> None:
    answer = answers.see_other("https://digilocker.example/authorize?state=x")
    assert answer["statusCode"] == 303
    headers = {name: value for name, (value,) in answer["multiValueHeaders"].items()}
    assert headers.pop("Location") == "https://digilocker.example/authorize?state=x"
    assert headers == answers.security_headers()
    with pytest.raises(ValueError, match="printable"):
        answers.see_other("https://digilocker.example/\r\nSet-Cookie: a=b")


def test_nothing_is_kept_told_on_or_guessed() -> None:
    headers = answers.security_headers()

    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Strict-Transport-Security"] == "max-age=63072000"
    assert {"camera=()", "geolocation=()", "microphone=()", "payment=()"} <= set(
        headers["Permissions-Policy"].split(", ")
    )


def test_a_page_is_answered_with_every_header_and_each_cookie() -> None:
    answer = answers.page("<p>é", HTTPStatus.GONE, [Cookie("a", "x", 600), forgotten("b")])

    assert (answer["statusCode"], answer["body"]) == (410, "<p>é")
    headers = answer["multiValueHeaders"]
    assert headers["Content-Type"] == ["text/html; charset=utf-8"]
    assert {name: headers[name] for name in answers.security_headers()} == {
        name: [value] for name, value in answers.security_headers().items()
    }
    assert headers["Set-Cookie"] == [Cookie("a", "x", 600).header, forgotten("b").header]


def test_without_cookies_none_are_set() -> None:
    assert "Set-Cookie" not in answers.page("")["multiValueHeaders"]


@given(st.text(), st.integers(-5, 5))
def test_no_value_can_begin_a_header_of_its_own(value: str, max_age: int) -> None:
    try:
        answer = answers.page("", cookies=[Cookie("a", value, max_age)])
    except ValueError:
        return
    for values in answer["multiValueHeaders"].values():
        assert all(one.isascii() and one.isprintable() for one in values)


# --- cookies


def test_a_cookie_is_for_this_host_alone_and_for_no_script() -> None:
    assert Cookie("sign-in", "abc", 600).header == (
        "__Host-sign-in=abc; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax"
    )


def test_a_cookie_is_forgotten_under_the_same_conditions() -> None:
    assert forgotten("sign-in").header == "__Host-sign-in=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"


@pytest.mark.parametrize(
    ("name", "value", "max_age"),
    [
        ("", "abc", 600),
        ("a b", "abc", 600),
        ("a=b", "abc", 600),
        ("a\n", "abc", 600),
        ("a", "", 600),
        ("a", "x;y", 600),
        ("a", "x,y", 600),
        ("a", 'x"', 600),
        ("a", "x\r\nSet-Cookie: b=c", 600),
        ("a", "x\n", 600),
        ("a", "é", 600),
        ("a", "x" * 513, 600),
        ("a", "x;y", 0),
        ("a", "abc", -1),
    ],
)
def test_a_cookie_with_other_letters_cannot_be_made(name: str, value: str, max_age: int) -> None:
    with pytest.raises(ValueError, match=r"^not a cookie's"):
        Cookie(name, value, max_age)


def test_a_cookies_value_is_not_shown() -> None:
    assert "abc" not in repr(Cookie("a", "abc", 600))


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        (["__Host-sign-in=abc"], "abc"),
        (["other=1; __Host-sign-in=abc;  third=3"], "abc"),
        (["other=1", "__Host-sign-in=abc"], "abc"),
        (["sign-in=abc"], None),
        (["__Host-sign-in-2=abc"], None),
        (["__host-sign-in=abc"], None),
        (["x__Host-sign-in=abc"], None),
        (["__Host-sign-in="], None),
        (["__Host-sign-in"], None),
        (["__Host-sign-in=a b"], None),
        (["__Host-sign-in=a=b"], None),
        (['__Host-sign-in="abc"'], None),
        (["__Host-sign-in=abc; __Host-sign-in=abd"], None),
        (["__Host-sign-in=abc", "__Host-sign-in=abc"], None),
        (["x" * 8200 + "; __Host-sign-in=abc"], None),
        ([""], None),
        ([], None),
    ],
)
def test_a_cookie_is_read_if_it_is_there_once_and_whole(headers: list[str], value: str | None) -> None:
    assert read_cookie(headers, "sign-in") == value


@given(st.from_regex(r"[A-Za-z0-9_.-]{1,512}", fullmatch=True))
def test_what_is_set_is_what_is_read(value: str) -> None:
    pair = Cookie("a", value, 1).header.partition(";")[0]

    assert read_cookie([f"b=1; {pair}; c=2"], "a") == value


# --- secrets


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("abc", "abc", True),
        ("é", "é", True),
        ("abc", "abd", False),
        ("abc", "ab", False),
        ("", "", False),
        (None, None, False),
        ("abc", None, False),
        (None, "abc", False),
        ("\ud800", "\ud800x", False),
    ],
)
def test_secrets_are_the_same_only_if_they_are_there(one: str | None, other: str | None, same: bool) -> None:
    assert is_same(one, other) is same
