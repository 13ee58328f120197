"""How soon the chat page is there, and how soon an answer is on it, in Chromium over the whole local stack.

PYTHONPATH=layers/helpdesk:. .venv/bin/python -m tests.benchmarks.page

Wanted: the first paint below 300 ms with nothing to load above 100 kB; an answer on the screen below 1.5 s after a
message was typed, in the median, of which the page's own part is below 50 ms. The page's part: from the key until
WhatsApp's stand-in calls the webhook, and from when it has taken the help desk's reply until that is on the screen.
"""

import statistics
import sys

from standins.errors import StackError
from standins.local_stack import LocalStack, Progress, stop_on_signals
from tests.browser.chromium import Chromium, Page, find_chromium
from tests.browser.hand import Hand

PAINTS, ANSWERS = 15, 30
PHONE = "919000700000"

_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_LOADED = """[performance.getEntriesByType("navigation")[0], ...performance.getEntriesByType("resource")]
    .filter(({ name }) => name.includes("/page/") || new URL(name).pathname === "/")
    .map(({ encodedBodySize }) => encodedBodySize)"""
# Notes, in milliseconds since 1970, when Enter was pressed and when the next answer had been drawn.
_WATCH = """(() => {
    window.times = {};
    const now = () => performance.timeOrigin + performance.now();
    document.querySelector("#text").addEventListener("keydown", () => (window.times.typed ??= now()), { once: true });
    const watch = new MutationObserver((changes) => {
        const added = changes.flatMap(({ addedNodes }) => [...addedNodes]);
        if (!added.some((one) => one.matches?.("li.bubble:not(.mine)"))) return;
        watch.disconnect();
        const drawn = new MessageChannel();
        drawn.port1.onmessage = () => (window.times.drawn = now());
        requestAnimationFrame(() => drawn.port2.postMessage(null));
    });
    watch.observe(document.querySelector("#chat"), { childList: true });
})()"""


def first_paints(chromium: Chromium, url: str) -> tuple[list[float], list[int]]:
    """Open the page cold; give the milliseconds of each first paint, and the bytes of each of the page's files."""
    paints, sizes = [], []
    for _ in range(PAINTS):
        with chromium.page() as page:
            page.call("Network.setCacheDisabled", cacheDisabled=True)
            page.open(f"{url}/?phone={PHONE}")
            paints.append(float(page.until(_PAINT)))
            sizes = page.evaluate(_LOADED)
    return paints, sizes


def answers(hand: Hand) -> tuple[list[float], list[float]]:
    """Say Hi; give the milliseconds until each answer was on the screen, and the page's part of them."""
    whole, own = [], []
    for _ in range(ANSWERS):
        after = _last_entry(hand.page)
        hand.page.click("#text")
        hand.page.type("Hi")
        hand.page.evaluate(_WATCH)
        hand.page.press("Enter")
        times = hand.page.until("window.times.drawn && window.times")
        entries = hand.page.evaluate(
            f"fetch('/phones/{PHONE}/journal?after={after}').then((answer) => answer.json())"
            ".then((all) => all.map(({ kind, body, at, seconds }) =>"
            " ({ kind, at, seconds, hers: body?.includes('\"Hi\"') })))"
        )
        called = next(one["at"] for one in entries if one["kind"] == "webhook" and one["hers"])
        taken = next(one["at"] + one["seconds"] for one in entries if one["kind"] == "message")
        whole.append(times["drawn"] - times["typed"])
        own.append(called * 1000 - times["typed"] + times["drawn"] - taken * 1000)
    return whole, own


def _last_entry(page: Page) -> int:
    return int(
        page.evaluate(
            f"fetch('/phones/{PHONE}/journal').then((answer) => answer.json()).then((all) => all.at(-1)?.id ?? -1)"
        )
    )


def line(what: str, values: list[float], wanted: str) -> str:
    """Say in a line how long something took, in milliseconds."""
    figures = (min(values), statistics.median(values), max(values))
    return f"{what:28}{''.join(f'{figure:8.0f}' for figure in figures)}   wanted, median: below {wanted}"


def main() -> int:
    """Print the figures. Returns the exit status."""
    if find_chromium() is None:
        print("There is no Chromium: apt-get install chromium fonts-noto-core", file=sys.stderr)
        return 1
    progress = Progress()
    with stop_on_signals():
        try:
            with (
                # Who says Hi so often would else be asked to slow down.
                LocalStack(
                    parameters={
                        "RepliesPerCitizenPerDay": "100000",
                        "MessagesPerMinute": "1000",
                        "SameTextsPerMinute": "1000",
                    },
                    tell=progress,
                ) as stack,
                Chromium() as chromium,
            ):
                paints, sizes = first_paints(chromium, stack.chat_url)
                with chromium.page() as page:
                    hand = Hand(page, stack.chat_url, PHONE)
                    hand.say("Hi", "Welcome")
                    whole, own = answers(hand)
        except StackError as error:
            progress.broken_off()
            print(f"\n{error}", file=sys.stderr)
            return 1
    print(f"\n{'milliseconds':28}{'least':>8}{'median':>8}{'most':>8}")
    print(line("first paint, cold", paints, "300"))
    print(line("typed until answered", whole, "1500"))
    print(line("of which the page's part", own, "50"))
    print(f"\nto load: {len(sizes)} files, {sum(sizes) / 1000:.1f} kB, the largest {max(sizes) / 1000:.1f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
