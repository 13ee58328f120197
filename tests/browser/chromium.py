"""Drives Chromium over its DevTools protocol, through the pipe that it offers: no driver program, no port, no package.

Only what a person does goes in through the input methods (mouse, keys, text); the rest looks.
"""

import base64
import json
import os
import queue
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import F_DUPFD_CLOEXEC, fcntl
from importlib.resources import files
from typing import Any, Self

WITHIN = 20.0
"""Seconds until what is waited for must be there."""
_LOOK_SECONDS = 0.03
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_SWITCHES = (
    *("--headless=new", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check", "--disable-gpu"),
    *("--no-sandbox", "--disable-dev-shm-usage", "--disable-extensions", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-color-profile=srgb"),
    *("--no-proxy-server", "--disable-background-timer-throttling", "--disable-renderer-backgrounding"),
    *("--disable-backgrounding-occluded-windows", "--font-render-hinting=none"),
)
_KEYS = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    " ": (32, " "),
    "ArrowDown": (40, ""),
    "ArrowUp": (38, ""),
}

_GUARD = """
    window.guard?.abort();
    window.guard = new AbortController();
    window.missed = false;
    for (const kind of ["mousedown", "mouseup", "click"]) {
        addEventListener(kind, (event) => {
            if (kind !== "click" && event.target !== hit && !one.contains(event.target)) window.missed = true;
            if (!window.missed) return;
            event.stopImmediatePropagation();
            event.preventDefault();
        }, { capture: true, signal: window.guard.signal });
    }
"""
"""Lets nothing but `one` be clicked on; `missed`: something else would have been. `hit` is what it shows there."""


class NotThere(AssertionError):
    """What was waited for did not come in time."""


def find_chromium() -> str | None:
    """Return where Chromium is (CHROMIUM says so, or else the PATH); None if there is none."""
    return os.environ.get("CHROMIUM") or next((found for name in _NAMES if (found := shutil.which(name))), None)


class Chromium:
    """A running browser; a context manager."""

    def __init__(self) -> None:
        executable = find_chromium()
        assert executable is not None
        self._profile = tempfile.mkdtemp(prefix="chromium-")
        to_read, self._to = (_high(end) for end in os.pipe())
        self._from, to_write = (_high(end) for end in os.pipe())
        environment = {**os.environ, "HOME": self._profile, "XDG_CONFIG_HOME": self._profile}
        nowhere = os.open(os.devnull, os.O_RDWR)
        self._process = os.posix_spawn(
            executable,
            [executable, *_SWITCHES, f"--user-data-dir={self._profile}", "about:blank"],
            environment,
            file_actions=[
                *((os.POSIX_SPAWN_DUP2, nowhere, end) for end in (0, 1, 2)),
                (os.POSIX_SPAWN_DUP2, to_read, 3),
                (os.POSIX_SPAWN_DUP2, to_write, 4),
            ],
            setsid=True,
        )
        for end in (nowhere, to_read, to_write):
            os.close(end)
        self._lock = threading.Lock()
        self._calls = 0
        self._answers: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._listeners: dict[str, Callable[[str, dict[str, Any]], None]] = {}
        self._pages: list[Page] = []
        self._failed: list[Evidence] = []
        self._reader = threading.Thread(target=self._read, name="chromium", daemon=True)
        self._reader.start()

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """Call a method of the protocol and return its result."""
        answer: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        with self._lock:
            self._calls += 1
            self._answers[self._calls] = answer
            message = {"id": self._calls, "method": method, "params": parameters}
            if session is not None:
                message["sessionId"] = session
            os.write(self._to, json.dumps(message).encode() + b"\0")
        try:
            given = answer.get(timeout=60)
        except queue.Empty:
            raise NotThere(f"Chromium does not answer {method}") from None
        if "error" in given:
            raise AssertionError(f"{method}: {given['error']['message']}")
        return given["result"]

    def _read(self) -> None:
        waiting = b""
        while chunk := os.read(self._from, 1 << 20):
            *messages, waiting = (waiting + chunk).split(b"\0")
            for text in messages:
                message = json.loads(text)
                if "id" in message:
                    self._answers.pop(message["id"]).put(message)
                elif listener := self._listeners.get(message.get("sessionId", "")):
                    listener(message["method"], message["params"])

    @contextmanager
    def page(
        self, url: str = "about:blank", *, width: int = 1280, height: int = 900, dark: bool = False
    ) -> Iterator["Page"]:
        """Open a tab."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        page = self.attach(target)
        page.resize(width, height)
        page.prefer(dark=dark)
        page.open(url)
        with self._until_closed(page, target):
            yield page

    def attach(self, target: str) -> "Page":
        """Take hold of a tab."""
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        self._listeners[session] = page.heard
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable", session)
        return page

    def take_tab(self, part: str) -> str:
        """Wait for a tab with that in its address; close it and return the address. Raises NotThere."""
        target, url = self._tab(part)
        self.call("Target.closeTarget", targetId=target)
        return url

    @contextmanager
    def opened(self, part: str, *, width: int, height: int) -> Iterator["Page"]:
        """Wait for a tab with that in its address, that a page has opened, and take hold of it. Raises NotThere."""
        target, _ = self._tab(part)
        page = self.attach(target)
        page.resize(width, height)
        with self._until_closed(page, target):
            yield page

    @contextmanager
    def _until_closed(self, page: "Page", target: str) -> Iterator[None]:
        """Close a tab at the end, and keep what it showed if that is an error's."""
        self._pages.append(page)
        try:
            yield
        except BaseException:
            self._failed.append(page.evidence())
            raise
        finally:
            self._pages.remove(page)
            self.call("Target.closeTarget", targetId=target)

    def forget_evidence(self) -> None:
        """Begin with another test."""
        self._failed.clear()

    def evidence(self) -> list["Evidence"]:
        """Return what the tabs show that are open, and what those showed that an error has closed."""
        return [*self._failed, *(page.evidence() for page in self._pages)]

    def _tab(self, part: str) -> tuple[str, str]:
        deadline = time.monotonic() + WITHIN
        while time.monotonic() < deadline:
            for one in self.call("Target.getTargets")["targetInfos"]:
                if one["type"] == "page" and part in one["url"]:
                    return str(one["targetId"]), str(one["url"])
            time.sleep(_LOOK_SECONDS)
        raise NotThere(f"no tab opened with {part} in its address")

    def close(self) -> None:
        """End the browser and everything that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        self._reader.join(5)
        for end in (self._to, self._from):
            os.close(end)
        shutil.rmtree(self._profile, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class Evidence:
    """What a tab showed when a test failed: a PNG (empty if the tab gave none), and the lines of its console."""

    url: str
    picture: bytes
    console: tuple[str, ...]


class Page:
    """A tab. `console`: all that was written there; `errors`: of that the errors; `loaded`: bytes by address."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session
        self.console: list[str] = []
        self.errors: list[str] = []
        self.asked: list[str] = []
        self.loaded: dict[str, int] = {}
        self._addresses: dict[str, str] = {}

    def call(self, method: str, **parameters: Any) -> Any:
        """Call a method of the protocol for this tab."""
        return self._browser.call(method, self._session, **parameters)

    def heard(self, event: str, about: dict[str, Any]) -> None:
        """Take note of an event of the protocol."""
        match event:
            case "Runtime.exceptionThrown":
                details = about["exceptionDetails"]
                self._written("exception", details.get("exception", {}).get("description") or details["text"])
            case "Runtime.consoleAPICalled":
                self._written(about["type"], " ".join(str(one.get("value")) for one in about["args"]))
            case "Log.entryAdded":
                entry = about["entry"]
                self._written(entry["level"], f"{entry['text']} {entry.get('url', '')}")
            case "Network.requestWillBeSent":
                self._addresses[about["requestId"]] = about["request"]["url"]
                self.asked.append(about["request"]["url"])
            case "Network.dataReceived":
                address = self._addresses.get(about["requestId"], "")
                self.loaded[address] = self.loaded.get(address, 0) + about["dataLength"]

    def _written(self, kind: str, text: str) -> None:
        self.console.append(f"{kind}: {text}")
        if kind in {"exception", "error", "warning", "assert"}:
            self.errors.append(text)

    def evidence(self) -> Evidence:
        """Return what it shows now."""
        url, picture = "", b""
        with suppress(AssertionError, NotThere):  # a tab that hangs cannot be looked at
            url = str(self.evaluate("location.href"))
            self.show()
            picture = self.picture()
        return Evidence(url, picture, tuple(self.console))

    # --- what it is shown on ------------------------------------------------------------------------------------------

    def resize(self, width: int, height: int, scale: float = 1) -> None:
        """Make the window so large, in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 500,
        )

    def prefer(self, *, dark: bool, still: bool = True) -> None:
        """Choose the colours, and whether things may move."""
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"},
        ]
        self.call("Emulation.setEmulatedMedia", features=features)

    def run_nothing(self) -> None:
        """Switch JavaScript off for the pages that are shown from here on."""
        self.call("Emulation.setScriptExecutionDisabled", value=True)

    def open(self, url: str) -> None:
        """Go to an address and wait until it is loaded."""
        failed = self.call("Page.navigate", url=url).get("errorText")
        assert not failed, failed
        self.until("document.readyState === 'complete'")

    def reload(self) -> None:
        """Load the page anew."""
        self.evaluate("window.isOld = true")
        self.call("Page.reload")
        self.until("!window.isOld && document.readyState === 'complete'")

    # --- what is looked at --------------------------------------------------------------------------------------------

    def evaluate(self, expression: str) -> Any:
        """Return what a script's expression gives; raises AssertionError if it throws."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"]["exception"].get("description", expression))
        return answer["result"].get("value")

    def until(self, expression: str, within: float = WITHIN) -> Any:
        """Wait until an expression gives something true, and return it. Raises NotThere."""
        deadline = time.monotonic() + within
        while True:
            with suppress(AssertionError):  # the page may be on its way to another
                found = self.evaluate(expression)
                if found or found == {}:  # an element has no value of its own
                    return found
            if time.monotonic() > deadline:
                raise NotThere(f"not within {within:.0f} s: {expression}\n{self.text('body')[-1500:]}")
            time.sleep(_LOOK_SECONDS)

    def text(self, selector: str) -> str:
        """The text of an element as it is shown; "" if there is none."""
        return str(self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def see(self, words: str, selector: str = "body") -> None:
        """Wait until an element shows these words."""
        self.until(f"document.querySelector({json.dumps(selector)})?.innerText.includes({json.dumps(words)})")

    def picture(self, **clip: Any) -> bytes:
        """Return a PNG of what the window shows."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", **clip)["data"])

    # --- what a person does -------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Bring the tab to the front; the others are hidden then."""
        self.call("Page.bringToFront")

    def click(self, selector: str, words: str = "") -> None:
        """Click on the last element of that kind that shows these words, once it stands still and can be hit.

        If it moves away at the last moment, nothing else is hit in its place, and the click is made again.
        """
        found = f"""(() => {{
            const all = [...document.querySelectorAll({json.dumps(selector)})];
            const one = all.findLast((each) => each.innerText.includes({json.dumps(words)}) && each.checkVisibility());
            if (!one || one.disabled) return null;
            one.scrollIntoView({{ block: "nearest", behavior: "instant" }});
            const box = one.getBoundingClientRect();
            const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
            const hit = document.elementFromPoint(x, y);
            if (!hit || !(one.contains(hit) || hit.contains(one))) return null;
            {_GUARD}
            return [x, y];
        }})()"""
        self.show()
        deadline = time.monotonic() + WITHIN
        where = None
        while time.monotonic() < deadline:
            before, where = where, self.until(found)
            if where != before:
                time.sleep(_LOOK_SECONDS)
                continue
            for kind, pressed in (("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)):
                self.call(
                    "Input.dispatchMouseEvent",
                    type=kind,
                    x=where[0],
                    y=where[1],
                    button="left",
                    buttons=pressed,
                    clickCount=1,
                )
            missed = None
            with suppress(AssertionError):  # the click may have led to another page, and this one be gone
                missed = self.evaluate("window.guard?.abort(), window.missed")
            if not missed:
                return
        raise NotThere(f"it did not stand still within {WITHIN:.0f} s: {selector} {words}")

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.call("Input.insertText", text=text)

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key and let it go."""
        code, text = _KEYS[key]
        common = {
            "key": key,
            "code": "Space" if key == " " else key,
            "windowsVirtualKeyCode": code,
            "modifiers": 8 * shift,
        }
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)


def _high(end: int) -> int:
    """Move a file descriptor out of the way of those that Chromium's pipe has to have, 3 and 4."""
    moved = fcntl(end, F_DUPFD_CLOEXEC, 10)
    os.close(end)
    return moved


def axe_script() -> str:
    """Return the accessibility checker's script."""
    return files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
