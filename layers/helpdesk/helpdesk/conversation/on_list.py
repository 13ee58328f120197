"""Finding a document on a list: by her words; or one that was asked for under another list, or before there was any."""

from helpdesk.conversation.events import Said
from helpdesk.conversation.model import IssuedDocument, ResumeDocument, Wish

_AADHAAR = "ADHAR"
_SHORTEST = 4
"""Letters of a word that can tell documents apart by name or issuer."""


def remembered(documents: tuple[IssuedDocument, ...], number: int, now: int) -> ResumeDocument:
    """Return what document `number` is to be found by on a later list."""
    document = documents[number - 1]
    alike = sum(_looks(other) == _looks(document) for other in documents[: number - 1])
    return ResumeDocument(document.doctype, document.name, document.issuer, now, alike)


def found(documents: tuple[IssuedDocument, ...], wanted: ResumeDocument) -> int:
    """Return the number of the wanted document on a new list, 0 if it is not there."""
    looks = (wanted.doctype, wanted.name, wanted.issuer)
    alike = [number for number, document in enumerate(documents, start=1) if _looks(document) == looks]
    return alike[min(wanted.nth, len(alike) - 1)] if alike else 0


def fitting(documents: tuple[IssuedDocument, ...], wish: Wish) -> tuple[int, ...]:
    """Return the numbers of the documents that a wish can mean."""
    return tuple(number for number, one in enumerate(documents, start=1) if one.doctype in wish.doctypes)


def is_aadhaar(documents: tuple[IssuedDocument, ...], number: int) -> bool:
    """Return whether a document is the Aadhaar card."""
    return 1 <= number <= len(documents) and documents[number - 1].doctype == _AADHAAR


def matching(documents: tuple[IssuedDocument, ...], said: Said) -> tuple[int, ...]:
    """Return the numbers of the documents that she speaks of: by kind, or by a document's own name.

    Of several, those whose name or issuer holds most of her other words.
    """
    others = {word for word in said.unknown if len(word) >= _SHORTEST}
    if not said.named and not said.elsewhere:
        return tuple(number for number, one in enumerate(documents, start=1) if others and others <= _known_as(one))
    found = {
        number: len(others & _known_as(document))
        for number, document in enumerate(documents, start=1)
        if _is_meant(document, said)
    }
    most = max(found.values(), default=0)
    return tuple(number for number, count in found.items() if count == most)


def _is_meant(document: IssuedDocument, said: Said) -> bool:
    doctypes = {naming.doctype for naming in said.named}
    if document.doctype in doctypes:
        return True
    # A general word ("certificate") or a kind without a doctype here is looked for in the names.
    is_by_name = bool(said.elsewhere) or len(doctypes) > 1
    return is_by_name and bool(said.english) and set(said.english) <= _words(document.name)


def _known_as(document: IssuedDocument) -> set[str]:
    return _words(f"{document.name} {document.issuer}")


def _words(text: str) -> set[str]:
    return {word.strip(".,()-&") for word in text.casefold().split()}


def _looks(document: IssuedDocument) -> tuple[str, str, str]:
    return document.doctype, document.name, document.issuer
