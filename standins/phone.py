"""A citizen's phone, held by a program: `make demo` and the end-to-end tests chat through it.

It knows only the stand-ins' HTTP face, so it sees what the citizen sees and nothing more.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

_CALL_SECONDS = 30.0
_FIRST_LOOK_SECONDS, _LATER_LOOK_SECONDS = 0.005, 0.1


class NotAnsweredError(Exception):
    """What was waited for did not come in time. The message shows the end of the chat."""


@dataclass(frozen=True)
class Bubble:
    """One message of the chat, of either side."""

    index: int
    sender: str
    """`citizen` or `desk`"""
    text: str
    status: str
    buttons: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    """The list to open: title and description of each row."""
    list_button: str = ""
    link: str = ""
    form_button: str = ""
    """What opens the form of the message; empty where it has none."""
    filename: str = ""
    media_type: str = ""
    size: int | None = None
    """Bytes of the document, once WhatsApp has fetched it."""
    document_url: str = ""
    """Where the document can be seen; empty until WhatsApp has fetched it."""

    def __str__(self) -> str:
        buttons = " ".join(f"[{title}]" for title in (*self.buttons, self.list_button, self.form_button) if title)
        return f"{self.sender}: {f'({self.filename}) ' if self.filename else ''}{self.text} {buttons}".rstrip()


class Phone:
    """One citizen's phone. What she writes first waits for nothing; `expect` waits for the answer to it."""

    def __init__(self, chat_url: str, number: str, mobile: str | None = None) -> None:
        """`number`: of her WhatsApp; `mobile`: where her OTPs arrive, if another. Both with the country code."""
        self.number = number
        self.mobile = mobile or number
        self._base = f"{chat_url}/phones"
        self._session = requests.Session()
        self._session.trust_env = False
        self._seen = -1
        self._sms_seen = 0

    def close(self) -> None:
        """Drop the connections."""
        self._session.close()

    # --- what she does ------------------------------------------------------------------------------------------------

    def say(self, text: str) -> str:
        """Write a message. Returns its id."""
        return self._send({"text": text})

    def tap(self, what: str) -> str:
        """Tap a button or a row of the newest message, by its title or id. Raises LookupError if there is none."""
        return self._send({"tap": what})

    def send(self, message: dict[str, Any]) -> str:
        """Send something else, as the body that WhatsApp's webhook carries for it."""
        return self._send({"send": message})

    def _send(self, what: dict[str, Any]) -> str:
        self._see_all()
        answer = self._session.post(f"{self._base}/{self.number}/messages", json=what, timeout=_CALL_SECONDS)
        if answer.status_code == requests.codes.not_found:
            raise LookupError(f"nothing to tap is called {what!r}: {answer.text}")
        answer.raise_for_status()
        return str(answer.json()["id"])

    # --- what she sees ------------------------------------------------------------------------------------------------

    def chat(self, after: int = -1) -> list[Bubble]:
        """The chat's messages behind that index, oldest first."""
        answer = self._session.get(
            f"{self._base}/{self.number}/messages", params={"after": str(after)}, timeout=_CALL_SECONDS
        )
        answer.raise_for_status()
        return [_bubble(message) for message in answer.json()]

    def catch_up(self) -> None:
        """Take everything that is there, SMS too, as read."""
        self._see_all()
        self._sms_seen = len(self._otps())

    def _see_all(self) -> None:
        self._seen = max([self._seen, *(bubble.index for bubble in self.chat(self._seen))])

    def expect(self, *words: str, within: float = 20.0) -> Bubble:
        """Wait for the desk's next message that has all these words in it (or in a button, row or file name).

        Messages before it count as read: the next `expect` looks behind it. `within`: seconds. Raises NotAnsweredError.
        """
        for _ in _looks(within):
            for bubble in self.chat(self._seen):
                # What WhatsApp has only accepted is not on her phone yet.
                on_phone = bubble.sender == "desk" and bubble.status != "accepted"
                if on_phone and all(_shows(bubble, word) for word in words):
                    self._seen = bubble.index
                    return bubble
        raise NotAnsweredError(self._complaint(f"no message with {words}" if words else "no message", within))

    def expect_silence(self, seconds: float) -> None:
        """Make sure that the desk writes nothing for so long. Raises AssertionError."""
        time.sleep(seconds)
        said = [str(bubble) for bubble in self.chat(self._seen) if bubble.sender == "desk"]
        if said:
            raise AssertionError(f"the desk wrote: {said}")

    def otp(self, within: float = 20.0) -> str:
        """Wait for the next SMS with an OTP that was not asked for here before. Raises NotAnsweredError."""
        for _ in _looks(within):
            found = self._otps()
            if len(found) > self._sms_seen:
                self._sms_seen = len(found)
                return found[-1]
        raise NotAnsweredError(self._complaint("no SMS with an OTP", within))

    def _otps(self) -> list[str]:
        answer = self._session.get(f"{self._base}/{self.mobile}/sms", timeout=_CALL_SECONDS)
        answer.raise_for_status()
        return [str(sms["otp"]) for sms in answer.json() if sms["otp"]]

    def document(self, bubble: Bubble, within: float = 20.0) -> bytes:
        """The document of a message, once WhatsApp has fetched it. Raises NotAnsweredError."""
        for _ in _looks(within):
            now = self.chat(bubble.index - 1)[0]
            if now.document_url:
                answer = self._session.get(
                    f"{self._base}/{self.number}/documents/{bubble.index}", timeout=_CALL_SECONDS
                )
                answer.raise_for_status()
                return answer.content
        raise NotAnsweredError(self._complaint("the document was not fetched", within))

    # --- a form -------------------------------------------------------------------------------------------------------

    def open_form(self, bubble: Bubble) -> "FormOnPhone":
        """Open the form of a message. Raises LookupError if it has none."""
        return FormOnPhone(self._session, f"{self._base}/{self.number}/forms", bubble.index)

    def _complaint(self, what: str, within: float) -> str:
        chat = "\n".join(f"  {bubble}" for bubble in self.chat()[-6:])
        return f"{what} within {within:.0f} s. The end of the chat:\n{chat}"


class FormOnPhone:
    """A form that she has opened: what it shows, and what she does with it."""

    def __init__(self, session: requests.Session, url: str, message: int) -> None:
        self._session, self._url = session, url
        self.shown: dict[str, Any] = {}
        self._call("", {"message": message})
        self._url = f"{url}/{self.shown['id']}"

    @property
    def screen(self) -> str:
        """The id of the screen that is shown; empty once the form is closed."""
        return self.shown["screen"]["id"] if self.shown["screen"] else ""

    @property
    def told(self) -> str:
        """What the snackbar or the dialog says."""
        return str(self.shown["snackbar"] or self.shown["dialog"])

    def text(self) -> str:
        """All words of the screen."""
        components = self.shown["screen"]["components"] if self.shown["screen"] else []
        names = ("text", "label", "helper-text")
        return "\n".join(str(component[name]) for component in components for name in names if component.get(name))

    def options(self, name: str) -> dict[str, str]:
        """The options of radio buttons: title -> id."""
        (group,) = (one for one in self.shown["screen"]["components"] if one.get("name") == name)
        return {option["title"]: option["id"] for option in group["data-source"]}

    def submit(self, **values: object) -> None:
        """Enter these values and tap the footer. Raises LookupError while the footer is grey."""
        self._tap("Footer", values)

    def follow(self, **values: object) -> None:
        """Tap the screen's link."""
        self._tap("EmbeddedLink", values)

    def _tap(self, kind: str, values: dict[str, object]) -> None:
        (component,) = (one for one in self.shown["screen"]["components"] if one["type"] == kind)
        self._call("/taps", {"component": component["index"], "values": values})

    def back(self) -> None:
        """Go back a screen."""
        self._call("/back", {})

    def close(self) -> None:
        """Leave the form half-way."""
        self._call("/close", {})

    def _call(self, path: str, body: dict[str, Any]) -> None:
        answer = self._session.post(f"{self._url}{path}", json=body, timeout=_CALL_SECONDS)
        if answer.status_code == requests.codes.not_found:
            raise LookupError(answer.json()["error"])
        answer.raise_for_status()
        self.shown = answer.json()


def _looks(within: float) -> Iterator[None]:
    """Yield for each look at what may have come: often at first, then ten times a second, for `within` seconds."""
    deadline = time.monotonic() + within
    pause = _FIRST_LOOK_SECONDS
    while True:
        yield
        if time.monotonic() > deadline:
            return
        time.sleep(pause)
        pause = min(1.5 * pause, _LATER_LOOK_SECONDS)


def _shows(bubble: Bubble, word: str) -> bool:
    shown = [
        bubble.text,
        bubble.filename,
        bubble.form_button,
        *bubble.buttons,
        *(text for row in bubble.rows for text in row),
    ]
    return any(word in text for text in shown)


def _bubble(message: dict[str, Any]) -> Bubble:
    listed = message["list"] or {"button": "", "sections": []}
    document = message["document"] or {}
    return Bubble(
        index=message["index"],
        sender=message["from"],
        text=message["text"],
        status=message["status"],
        buttons=tuple(button["title"] for button in message["buttons"]),
        rows=tuple(
            (row["title"], row.get("description") or "") for section in listed["sections"] for row in section["rows"]
        ),
        list_button=listed["button"],
        link=(message.get("link") or {}).get("url", ""),
        form_button=(message.get("form") or {}).get("text", ""),
        filename=document.get("filename") or "",
        media_type=document.get("media_type") or "",
        size=document.get("size"),
        document_url=document.get("url") or "",
    )
