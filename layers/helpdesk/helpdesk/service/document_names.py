"""What her documents are called on lists and files, and what tells two of a kind apart."""

from helpdesk.conversation.choices import Choice, tap_id
from helpdesk.conversation.model import IssuedDocument, ResumeDocument
from helpdesk.languages.catalogue import Catalogue
from helpdesk.whatsapp.messages import ROW_DESCRIPTION, ROW_TITLE, Row, length, shorten

_LONGEST_MARKED = 60
"""A name behind which there still is what tells it apart."""


def called(language: Catalogue, document: IssuedDocument | ResumeDocument) -> str:
    """Name a document: by our short name for its kind, else by its own name, with what tells it apart in front.

    DigiLocker writes "Insurance Policy - Life": of that, a row's title would show "Insurance Policy - L…".
    """
    kind, dash, which = document.name.partition(" - ")
    if not document.name.strip():
        return language.document(document.doctype, language.texts["documents.nameless"])
    return language.document(document.doctype, f"{which} ({kind})" if dash and which else document.name)


def marked(name: str, mark: str) -> str:
    """Return a name with what tells it apart behind it."""
    return f"{name} ({mark})" if mark else name


def marks_of(language: Catalogue, documents: tuple[IssuedDocument, ...]) -> list[str]:
    """Return for each document what tells it apart from others that are called the same, "" where none is."""
    places: dict[str, list[int]] = {}
    for place, document in enumerate(documents):
        places.setdefault(called(language, document), []).append(place)
    marks = [""] * len(documents)
    for alike in places.values():
        if len(alike) > 1:
            for place, mark in zip(alike, _told_apart([documents[place] for place in alike]), strict=True):
                marks[place] = mark
    return marks


def _told_apart(alike: list[IssuedDocument]) -> list[str]:
    """Return the dates of documents of one kind, or the last signs of their numbers, or their places on the list."""
    dates = ["/".join(reversed(document.date.split("-"))) if document.date else "" for document in alike]
    if all(dates) and len(set(dates)) == len(alike):
        return dates
    numbers = [document.uri.split("-", 2)[-1] for document in alike]
    for signs in (4, 6, 8, 12):
        ends = [f"…{number[-signs:]}" for number in numbers]
        if len(set(ends)) == len(alike):
            return ends
    return [str(place) for place in range(1, len(alike) + 1)]


def line_of(language: Catalogue, number: int, document: IssuedDocument, mark: str) -> str:
    """Write a document's line in the list, to be read."""
    short = called(language, document)
    if mark:
        short = marked(shorten(short, _LONGEST_MARKED), mark)
    state = ""
    if not document.has_pdf:
        state = f" {language.texts['documents.no_pdf_mark']}"
    elif not document.shared:
        state = f" {language.texts['documents.not_shared_mark']}"
    return f"{number}. {short}{state}" + (f" · {document.issuer}" if document.issuer else "")


def row_of(language: Catalogue, listing: str, number: int, document: IssuedDocument, mark: str) -> Row:
    """Write a document's row in the list, to be tapped."""
    title = f"{number}. {called(language, document)}"
    if mark and length(marked(title, mark)) <= ROW_TITLE:
        title, mark = marked(title, mark), ""
    about = " · ".join(part for part in (mark, document.name.strip(), document.issuer.strip()) if part)
    if not document.has_pdf:
        about = f"{language.texts['documents.no_pdf_mark']} {about}"
    elif not document.shared:
        about = f"{language.texts['documents.not_shared_mark']} {about}"
    return Row(
        tap_id(Choice.DOCUMENT, listing, number),
        shorten(title, ROW_TITLE),
        shorten(about, ROW_DESCRIPTION) or None,
    )
