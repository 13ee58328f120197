"""DigiLocker's answers: how they look on the wire (`...Answer`) and the values that are made of them.

The wire is loose (`helpdesk.digilocker.wire`). The models take all of that, ignore what they do not know, and count
what they have to leave out of a list. Nothing personal or secret appears in a `repr` or a validation error.

Source: "Authorized Partner API Specification" 1.x, "Requester" 2.4, and what working integrations report.
"""

import datetime as dt
import html
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from helpdesk.conversation.model import IssuedDocument
from helpdesk.conversation.offers import Parameter
from helpdesk.digilocker import wire

ACCESS_TOKEN_SECONDS: Final = 3600
"""How long an access token lives when the answer does not say (documented value)."""

_PDF: Final = "application/pdf"

_SHARED: Final = "issued/"

_MAX_URI: Final = 512
_LONGEST_NAME: Final = 64
"""Characters of a parameter's name."""
_VALUES: Final = ("value", "val", "code", "key", "id")
_NAMES: Final = ("label", "name", "text", "title", "description", "display", "displayname")
_VALUE_KEYS: Final = frozenset({*_VALUES, *_NAMES})
_FIXED_PARAMETERS: Final = frozenset({"orgid", "doctype", "consent"})
_DOCTYPE: Final = re.compile(r"[A-Z0-9]{5}")


# --- values -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Token:
    """What a sign-in gives. Name, date of birth and gender may come along; they are not read."""

    access_token: str = field(repr=False)
    expires_in: int
    """Seconds from now."""
    refresh_token: str | None = field(default=None, repr=False)
    scope: str = field(default="", repr=False)
    """What was granted, separated by spaces; may hold documents' URIs."""
    mobile: str = field(default="", repr=False)
    """The ten digits that DigiLocker knows; "" when not told (1.x) or masked."""

    @property
    def shared_uris(self) -> tuple[str, ...]:
        """The documents that the citizen ticked, by their URIs; none: the scope does not say, only trying tells.

        That each is in the scope as `issued/<uri>` is what one integrator reports (inferred).
        """
        return tuple(scope.removeprefix(_SHARED) for scope in self.scope.split() if scope.startswith(_SHARED))


@dataclass(frozen=True, slots=True)
class Issued:
    """The documents in the citizen's account."""

    documents: tuple[IssuedDocument, ...]
    left_out: int = 0
    """How many more DigiLocker lists in a form that nothing can be fetched by."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """An organisation from which documents can be pulled."""

    org_id: str
    """DigiLocker's number for it."""
    issuer_id: str
    """As in its documents' URIs, such as `in.gov.cbse`; "" when not told."""
    name: str
    category: str = ""


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A type of document that an organisation issues."""

    doctype: str
    """Five capital letters, such as `DRVLC`."""
    description: str


# --- reading loose values -------------------------------------------------------------------------------------------


def _mobile(value: object) -> str:
    """Return ten digits, also after a country code or a zero; "" for anything else, as if masked."""
    digits = wire.text(value).replace(" ", "").replace("-", "").removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return ""
    match len(digits):
        case 10:
            return digits
        case 11 if digits.startswith("0"):
            return digits[1:]
        case 12 if digits.startswith("91"):
            return digits[2:]
        case _:
            return ""


def _token(value: object) -> object:
    """A number is no token."""
    return wire.told(value) if isinstance(value, str) else value


type _Id = Annotated[str, BeforeValidator(wire.reference)]
"""A URI or name that is sent back as it came."""
type _Secret = Annotated[str, BeforeValidator(wire.told)]
type _Title = Annotated[str, BeforeValidator(wire.title)]
type _Number = Annotated[int | None, BeforeValidator(wire.whole_number)]
type _Mobile = Annotated[str, BeforeValidator(_mobile)]
type _Truth = Annotated[bool, BeforeValidator(lambda value: wire.flag(value) is True)]
type _Date = Annotated[dt.date | None, BeforeValidator(wire.date)]
type _MediaTypes = Annotated[tuple[str, ...], BeforeValidator(wire.media_types)]
type _Filled = Annotated[str, BeforeValidator(wire.told), Field(min_length=1)]
type _Token = Annotated[str, BeforeValidator(_token), Field(min_length=1)]


# --- answers --------------------------------------------------------------------------------------------------------


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _unwrapped(cls, value: object) -> object:
        value = wire.unpacked(value)
        is_object = isinstance(value, dict) or (isinstance(value, list) and len(value) == 1)
        return wire.fields(value, _names(cls), _needed(cls)) if is_object else value


@cache
def _names(model: type[BaseModel]) -> dict[str, tuple[str, ...]]:
    """Return the plain keys of each field of a model, best first."""
    found = {}
    for name, field_ in model.model_fields.items():
        alias = field_.validation_alias
        spellings = alias.choices if isinstance(alias, AliasChoices) else [name]
        found[name] = tuple(dict.fromkeys(wire.plain_key(str(spelling)) for spelling in spellings))
    return found


@cache
def _needed(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(name for name, field_ in model.model_fields.items() if field_.is_required())


class _List(_Answer):
    """A list in any wrapping. `items` holds None for an element that is no object of its kind."""

    key: ClassVar[str]
    """What the list is called."""
    mark: ClassVar[str]
    """The plain key by which a single element is known where a list should be."""
    item: ClassVar[type[_Answer]]
    is_bare: ClassVar[bool] = False
    """Whether an empty list may be the whole answer; elsewhere that is no answer."""

    @model_validator(mode="before")
    @classmethod
    def _unwrapped(cls, value: object) -> object:
        keys = {key for keys in _names(cls.item).values() for key in keys}
        found = wire.contents(value, cls.key, cls.mark)
        is_answer = found is not None and (cls.is_bare or value != [])
        return {"items": wire.elements(found, keys)} if is_answer else {}


class AccountAnswer(_Answer):
    """Account verification."""

    registered: _Truth


class DeviceCodeAnswer(_Answer):
    """First step of the device-code flow."""

    device_code: _Filled = Field(repr=False)


class TokenAnswer(_Answer):
    """The token endpoint, whatever the grant."""

    access_token: _Token = Field(repr=False)
    expires_in: _Number = None
    refresh_token: _Secret = Field(default="", repr=False)
    scope: _Secret = Field(default="", repr=False)
    mobile: _Mobile = Field(default="", repr=False)

    def to_value(self) -> Token:
        """Return the value, with the documented lifetime where none is told."""
        lasts = self.expires_in or ACCESS_TOKEN_SECONDS
        return Token(self.access_token, lasts, self.refresh_token or None, self.scope, self.mobile)


class IssuedItem(_Answer):
    """One element of the list of issued documents."""

    name: _Title = ""
    doctype: _Secret = ""
    uri: _Id = Field(default="", repr=False)
    issuer: _Title = ""
    description: _Title = ""
    date: _Date = None
    mime: _MediaTypes = ()

    def to_value(self) -> IssuedDocument | None:
        """Return the document; None without a URI, since then there is nothing that can be fetched.

        Where DigiLocker names no format at all, only fetching it tells whether there is a PDF: it counts as one.
        """
        if not usable_uri(self.uri):
            return None
        doctype = self.doctype.upper() or _doctype_in(self.uri)
        return IssuedDocument(
            name=self.name or self.description or doctype,
            doctype=doctype,
            issuer=self.issuer,
            uri=self.uri,
            has_pdf=not self.mime or _PDF in self.mime,
            date=self.date.isoformat() if self.date else "",
        )


class UploadedItem(_Answer):
    """One element of the list of self-uploaded files and folders."""

    name: _Title = Field(default="", repr=False)
    type: _Title = ""


class IssuedDocuments(_List):
    """The list of issued documents."""

    key, mark, item = "items", "uri", IssuedItem
    items: list[IssuedItem | None]

    def to_value(self) -> Issued:
        """Return the documents in DigiLocker's order, and count those that cannot be fetched."""
        documents = tuple(value for item in self.items if item and (value := item.to_value()))
        return Issued(documents, len(self.items) - len(documents))


class UploadedDocuments(_List):
    """The list of self-uploaded files in one folder."""

    key, mark, item = "items", "name", UploadedItem
    items: list[UploadedItem | None]

    @property
    def files(self) -> int:
        """How many are files, and no folders."""
        return sum(bool(item and item.name and item.type != "dir") for item in self.items)


def _joined(value: object) -> str:
    """One text, or a list of them (`category`, `categories`), as one text."""
    return ", ".join(filter(None, map(wire.title, value))) if isinstance(value, list) else wire.title(value)


def _choices(value: object) -> tuple[tuple[str, str], ...]:
    """Return what a parameter may be, each as it is sent and as it is shown: how `valuelist` looks is not documented.

    A list, a text with commas, objects with value and name, or an object that maps one to the other.
    """
    value = wire.unpacked(value)
    if isinstance(value, dict):
        texts = {str(key): inner for key, inner in value.items()}
        if all(key.isdigit() for key in texts) or any(isinstance(inner, dict | list) for inner in texts.values()):
            value = list(texts.values())
        elif not _VALUE_KEYS & wire.named(value).keys():
            value = [{"value": key, "name": inner} for key, inner in texts.items()]
        else:
            value = [value]
    if isinstance(value, str):
        separator = next((mark for mark in (",", "|", ";", "\n") if mark in value), ",")
        value = [] if wire.is_nothing(value) else value.split(separator)
    pairs = map(_choice, value) if isinstance(value, list) else ()
    return tuple({sent: shown for sent, shown in pairs if sent}.items())


def _choice(element: object) -> tuple[str, str]:
    element = wire.unpacked(element)
    if not isinstance(element, dict):
        sent = wire.text(html.unescape(wire.text(element)))
        return sent, sent
    by_key = wire.named(element)
    sent = next((text for key in _VALUES if (text := wire.text(by_key.get(key)))), "")
    shown = next((text for key in _NAMES if (text := wire.title(by_key.get(key)))), "")
    return sent or shown, shown or sent


def _usable(uri: str) -> str:
    if not usable_uri(uri):
        raise ValueError("a URI that cannot stand in an address")
    return uri


type _Joined = Annotated[str, BeforeValidator(_joined)]
type _Choices = Annotated[tuple[tuple[str, str], ...], BeforeValidator(_choices)]


class SignUpAnswer(_Answer):
    """First step of a sign-up with an OTP: nothing of it is needed."""


class IssuerItem(_Answer):
    """One element of the list of organisations."""

    org_id: _Id = Field(default="", validation_alias=AliasChoices("orgid"))
    issuer_id: _Secret = Field(default="", validation_alias=AliasChoices("issuerid"))
    name: _Title = ""
    category: _Joined = Field(default="", validation_alias=AliasChoices("categories", "category"))


class Issuers(_List):
    """The organisations from which documents can be pulled."""

    key, mark, item = "issuers", "orgid", IssuerItem
    items: list[IssuerItem | None]

    @property
    def left_out(self) -> int:
        """How many have no number or name."""
        return sum(not (item and item.org_id and item.name) for item in self.items)

    def to_value(self) -> tuple[Issuer, ...]:
        """Return them in DigiLocker's order, each once, without those that have no number or name."""
        usable = {item.org_id: item for item in self.items if item and item.org_id and item.name}
        return tuple(Issuer(item.org_id, item.issuer_id, item.name, item.category) for item in usable.values())


class DocumentTypeItem(_Answer):
    """One element of the list of an organisation's document types."""

    doctype: _Secret = ""
    description: _Title = ""


class DocumentTypes(_List):
    """What one organisation issues."""

    key, mark, item = "documents", "doctype", DocumentTypeItem
    items: list[DocumentTypeItem | None]

    @property
    def left_out(self) -> int:
        """How many have no usable doctype."""
        return sum(not (item and _DOCTYPE.fullmatch(item.doctype.upper())) for item in self.items)

    def to_value(self) -> tuple[DocumentType, ...]:
        """Return them in DigiLocker's order, each once, without those that have no usable doctype."""
        usable: dict[str, DocumentType] = {}
        for item in filter(None, self.items):
            doctype = item.doctype.upper()
            if _DOCTYPE.fullmatch(doctype):
                usable.setdefault(doctype, DocumentType(doctype, item.description or doctype))
        return tuple(usable.values())


class ParameterItem(_Answer):
    """One element of the list of parameters."""

    label: _Title = ""
    name: _Id = Field(default="", validation_alias=AliasChoices("paramname", "name"))
    choices: _Choices = Field(default=(), validation_alias=AliasChoices("valuelist", "values"))
    example: _Title = ""

    @property
    def is_usable(self) -> bool:
        """Whether its name can be sent."""
        return 0 < len(self.name) <= _LONGEST_NAME and self.name.isprintable()

    def to_value(self) -> Parameter:
        """Return the parameter."""
        values = tuple(sent for sent, _ in self.choices)
        shown = tuple(shown for _, shown in self.choices)
        return Parameter(self.name, self.label or self.name, self.example, values, () if shown == values else shown)


class Parameters(_List):
    """What an issuer wants to know."""

    key, mark, item, is_bare = "parameters", "paramname", ParameterItem, True
    items: list[ParameterItem | None]

    @property
    def left_out(self) -> int:
        """How many cannot be asked for, so that the issuer would not find the document."""
        return sum(not (item and item.is_usable) for item in self.items)

    def to_value(self) -> tuple[Parameter, ...]:
        """Return them in DigiLocker's order, without those that are part of every pull."""
        asked = (item for item in self.items if item and item.is_usable)
        return tuple(item.to_value() for item in asked if item.name.casefold() not in _FIXED_PARAMETERS)


class Pulled(_Answer):
    """A document that has been put into the account."""

    uri: Annotated[_Id, AfterValidator(_usable)] = Field(repr=False)


def usable_uri(uri: str) -> bool:
    """Whether a URI can be in an address once it is quoted: not empty, printable, and not dots alone.

    Dots alone would be taken for a folder by anything that tidies paths. A byte that could not be read is lost.
    """
    return 0 < len(uri) <= _MAX_URI and uri.isprintable() and bool(uri.strip(". ")) and "\ufffd" not in uri


def _doctype_in(uri: str) -> str:
    """Return the doctype of `<issuer id>-<DOCTYPE>-<document id>`; "" for another shape."""
    parts = uri.split("-", 2)
    return parts[1] if len(parts) == 3 and len(parts[1]) == 5 and parts[1].isupper() else ""
