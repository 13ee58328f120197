"""A citizen's browser without JavaScript, over plain HTTP: it opens pages, follows links, fills in forms."""

from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

from standins.digilocker.accounts import EVERYBODYS_PIN

PIN = EVERYBODYS_PIN
_MOST_REDIRECTS = 10


class Page(HTMLParser):
    """What a page holds: its language, its text, its links, its form's fields and buttons."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.language = ""
        self.text = ""
        self.links: list[str] = []
        self.fields: dict[str, list[str]] = {}
        self.buttons: set[str] = set()
        self._hidden = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what matters of an element."""
        told = {name: value or "" for name, value in attrs}
        match tag:
            case "html":
                self.language = told["lang"]
            case "style":
                self._hidden += 1
            case "a":
                self.links.append(told["href"])
            case "button":
                self.buttons.add(told["value"])
            case "input":
                values = self.fields.setdefault(told["name"], [])
                if told.get("type") != "checkbox" or "checked" in told:
                    values.append(told.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """Note the end of what is not shown."""
        self._hidden -= tag == "style"

    def handle_data(self, data: str) -> None:
        """Note the text."""
        if not self._hidden:
            self.text += data


class Visitor:
    """A browser, with its cookies."""

    def __init__(self, languages: str = "", stops_before: str = "") -> None:
        """`stops_before`: an address without its query that is not opened; `at` is where it would have gone."""
        self._session = requests.Session()
        self._session.trust_env = False
        self._languages = languages
        self._stops_before = stops_before
        self.cookies: dict[str, str] = {}
        """Those of the help desk's host. `Secure` ones are kept as well: browsers do so on a machine's own address."""
        self.at = ""
        self.led_to = ""
        """Where the last page that was opened or answered led on to first, if it did."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.page = Page("")

    def open(self, address: str, method: str = "GET", form: dict[str, list[str]] | None = None) -> Page:
        """Open an address and go where it leads, as far as that is on this machine."""
        self.led_to = ""
        for _ in range(_MOST_REDIRECTS):
            if self._stops_before and address.partition("?")[0] == self._stops_before:
                self.at = address
                return self.page
            answer = self._session.request(
                method,
                address,
                data=form,
                allow_redirects=False,
                timeout=30,
                headers={
                    "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
                    **({"Accept-Language": self._languages} if self._languages else {}),
                },
            )
            self._session.cookies.clear()
            self.at, self.status, self.headers = address, answer.status_code, dict(answer.headers)
            self._keep(answer.headers.get("Set-Cookie", ""))
            if answer.status_code not in {302, 303}:
                self.page = Page(answer.text)
                return self.page
            address, method, form = urljoin(address, answer.headers["Location"]), "GET", None
            self.led_to = self.led_to or address
        raise AssertionError("too many redirects")

    def _keep(self, cookie: str) -> None:
        name, _, rest = cookie.partition("=")
        value = rest.partition(";")[0]
        if value:
            self.cookies[name] = value
        else:
            self.cookies.pop(name, None)

    def follow(self) -> Page:
        """Follow the page's one link."""
        (link,) = self.page.links
        return self.open(link)

    def press(self, button: str, *untick: str, **typed: str) -> Page:
        """Press a button of the page's form; `untick` boxes, and fill in fields. Raises LookupError without one."""
        if button not in self.page.buttons:
            raise LookupError(f"the page has no button {button!r}: {self.page.text}")
        fields = {name: [v for v in values if v not in untick] for name, values in self.page.fields.items()}
        form = fields | {name: [value] for name, value in typed.items()} | {"action": [button]}
        return self.open(self.at, "POST", form)
