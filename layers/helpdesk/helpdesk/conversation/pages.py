"""How the lists of the dialogue are cut into pages: WhatsApp shows ten rows at a time, the ways on among them."""

from math import ceil

from helpdesk.conversation.choices import Tap

DOCUMENTS = 7
"""Documents on a page, besides *More*, *Get a new document* and *Done*."""
OPTIONS = 8
"""What can be brought in, or what an issuer takes, besides *More* and *Back*."""
LANGUAGES = 9
"""Languages on a page, besides *More*."""


def pages(rows: int, size: int) -> int:
    """Return how many pages so many rows make, one at least."""
    return max(1, ceil(rows / size))


def turned(tap: Tap | None, mark: str, page: int, count: int) -> int:
    """Return the page that *More* leads to: the one that a row of the list `mark` names, else the one after `page`."""
    wanted = tap.number if tap and tap.place == mark and tap.number else page + 1
    return wanted if wanted <= count else 1
