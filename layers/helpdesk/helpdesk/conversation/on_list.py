"""Finding a document on a list: one that was asked for under another list, or before there was any."""

from helpdesk.conversation.model import IssuedDocument, Wanted, Wish

_AADHAAR = "ADHAR"


def remembered(documents: tuple[IssuedDocument, ...], number: int, now: int) -> Wanted:
    """Return what document `number` is to be found by on a later list."""
    document = documents[number - 1]
    alike = sum(_looks(other) == _looks(document) for other in documents[: number - 1])
    return Wanted(document.doctype, document.name, document.issuer, now, alike)


def found(documents: tuple[IssuedDocument, ...], wanted: Wanted) -> int:
    """Return the number of the wanted document on a new list, 0 if it is not there."""
    looks = (wanted.doctype, wanted.name, wanted.issuer)
    alike = [number for number, document in enumerate(documents, start=1) if _looks(document) == looks]
    return alike[min(wanted.nth, len(alike) - 1)] if alike else 0


def fitting(documents: tuple[IssuedDocument, ...], wish: Wish) -> tuple[int, ...]:
    """Return the numbers of the documents that a wish can mean."""
    return tuple(number for number, one in enumerate(documents, start=1) if one.doctype in wish.doctypes)


def is_aadhaar(documents: tuple[IssuedDocument, ...], number: int) -> bool:
    """Tell whether a document is the Aadhaar card."""
    return 1 <= number <= len(documents) and documents[number - 1].doctype == _AADHAAR


def _looks(document: IssuedDocument) -> tuple[str, str, str]:
    return document.doctype, document.name, document.issuer
