"""DigiLocker's answers: how they look on the wire (`...Answer`) and the values that are made of them.

The wire is loose: numbers come as text, one field has two names, a list may be a single value. The models take all of
that and ignore what they do not know. Nothing personal or secret appears in a `repr` or a validation error.

Source: "Authorized Partner API Specification" 1.x, "Requester" 2.4, and what working integrations report.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from helpdesk.conversation.offers import Parameter

ACCESS_TOKEN_SECONDS: Final = 3600
"""How long an access token lives when the answer does not say (documented value)."""

PDF: Final = "application/pdf"

_SHARED: Final = "issued/"
_TO_BE_PULLED: Final = "file.partners/"

_DATE_FORMATS: Final = ("%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d")
_MAX_URI: Final = 512
_PARAMETER_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_FIXED_PARAMETERS: Final = frozenset({"orgid", "doctype", "consent"})
_DOCTYPE: Final = re.compile(r"[A-Z0-9]{5}")


# --- values -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Token:
    """What a sign-in gives."""

    access_token: str = field(repr=False)
    expires_in: int
    """Seconds from now."""
    refresh_token: str | None = field(default=None, repr=False)
    scope: str = field(default="", repr=False)
    """What was granted, separated by spaces; may hold documents' URIs."""
    name: str = field(default="", repr=False)
    """The citizen's name; "" when not told."""
    digilocker_id: str | None = field(default=None, repr=False)
    consent_valid_till: int | None = None
    """Seconds since 1970."""

    def shares(self, uri: str) -> bool | None:
        """Tell whether the citizen has ticked this document. None: the scope names no documents, only trying tells.

        That each ticked document stands in the scope as `issued/<uri>` is what one integrator reports (inferred).
        """
        named = self.shared_uris
        return uri in named if named else None

    @property
    def shared_uris(self) -> tuple[str, ...]:
        """The documents that the scope names, by their URIs; none: it does not say."""
        return tuple(scope.removeprefix(_SHARED) for scope in self.scope.split() if scope.startswith(_SHARED))

    @property
    def to_be_pulled(self) -> tuple[str, ...]:
        """The doctypes that she consented to although they are not in her account yet (inferred, as above)."""
        return tuple(
            scope.removeprefix(_TO_BE_PULLED) for scope in self.scope.split() if scope.startswith(_TO_BE_PULLED)
        )


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a sign-in on DigiLocker's own page gives, or its refreshing: the token, and a little about the account.

    Date of birth and gender come along as well; they are not needed and not kept.
    """

    token: Token
    mobile: str = field(default="", repr=False)
    """The ten digits that DigiLocker knows; "" when not told (1.x) or masked."""
    has_eaadhaar: bool | None = None
    """Whether an Aadhaar number is linked to the account; None when not told."""
    new_account: bool | None = None
    """Whether the account was made at this sign-in; None when not told."""


@dataclass(frozen=True, slots=True)
class IssuedDocument:
    """A document in the citizen's account, issued by an authority."""

    name: str
    doctype: str
    """Five capital letters, such as `DRVLC`."""
    uri: str = field(repr=False)
    """Holds the number of the licence, card or certificate: personal data."""
    issuer: str = ""
    issuer_id: str = ""
    description: str = ""
    date: dt.date | None = None
    media_types: tuple[str, ...] = ()

    @property
    def has_pdf(self) -> bool:
        """Whether it can be had as a PDF. Where DigiLocker names no format at all, only fetching it tells: True."""
        return not self.media_types or PDF in self.media_types


@dataclass(frozen=True, slots=True)
class UploadedDocument:
    """Something that the citizen uploaded: a file, or a folder of them."""

    name: str = field(repr=False)
    is_folder: bool = False
    uri: str = field(default="", repr=False)
    media_types: tuple[str, ...] = ()
    size: int | None = None
    """Bytes."""
    date: dt.date | None = None


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


@dataclass(frozen=True, slots=True)
class Document:
    """A fetched document, its bytes exactly as the issuer made them."""

    content: bytes = field(repr=False)
    media_type: str = PDF


# --- reading loose values -------------------------------------------------------------------------------------------


def _text(value: object) -> str:
    """Give a text on one line; "" for anything that is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return " ".join(str(value).encode("utf-8", "replace").decode().split())


def _whole_number(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    return value if isinstance(value, int) and 0 <= value < 10**15 else None


def _truth(value: object) -> bool:
    """`registered` is a boolean in real answers and the text "true" in the specification."""
    return value is True or (isinstance(value, str) and value.strip().lower() in {"true", "y"})


def _flag(value: object) -> bool | None:
    """`Y` or `N`; None for anything else."""
    text = _text(value).upper()
    return text == "Y" if text in {"Y", "N"} else None


def _mobile(value: object) -> str:
    """Give ten digits, also where country code or a zero stand before them; "" for anything else, as if masked."""
    digits = _text(value).replace(" ", "").replace("-", "").removeprefix("+")
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


def _date(value: object) -> dt.date | None:
    """The specification shows ISO 8601 with a time; real lists have `DD/MM/YYYY`."""
    text = _text(value)
    try:
        return dt.datetime.fromisoformat(text).date()
    except ValueError:
        pass
    for format_ in _DATE_FORMATS:
        try:
            return dt.datetime.strptime(text, format_).replace(tzinfo=dt.UTC).date()
        except ValueError:
            continue
    return None


def _media_types(value: object) -> tuple[str, ...]:
    """A list of texts in version 2, one text in version 1, and a list of objects in some integrations."""
    return tuple(dict.fromkeys(_each_media_type(value)))


def _each_media_type(value: object) -> Iterator[str]:
    match value:
        case str():
            for part in value.split(","):
                media_type = part.partition(";")[0].strip().lower()
                if "/" in media_type:
                    yield media_type
        case list():
            for element in value:
                # An object's key is not documented: whichever of its values looks like a media type.
                for inner in element.values() if isinstance(element, dict) else [element]:
                    if isinstance(inner, str):
                        yield from _each_media_type(inner)


type _Text = Annotated[str, BeforeValidator(_text)]
type _Number = Annotated[int | None, BeforeValidator(_whole_number)]
type _Flag = Annotated[bool | None, BeforeValidator(_flag)]
type _Mobile = Annotated[str, BeforeValidator(_mobile)]
type _Truth = Annotated[bool, BeforeValidator(_truth)]
type _Date = Annotated[dt.date | None, BeforeValidator(_date)]
type _MediaTypes = Annotated[tuple[str, ...], BeforeValidator(_media_types)]
type _Filled = Annotated[str, Field(min_length=1)]


# --- answers --------------------------------------------------------------------------------------------------------


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, populate_by_name=True)


class AccountAnswer(_Answer):
    """Account verification."""

    registered: _Truth


class DeviceCodeAnswer(_Answer):
    """First step of the device-code flow."""

    device_code: _Filled = Field(repr=False)


class TokenAnswer(_Answer):
    """The token endpoint, whatever the grant."""

    access_token: _Filled = Field(repr=False)
    expires_in: _Number = None
    refresh_token: _Text = Field(default="", repr=False)
    scope: _Text = Field(default="", repr=False)
    name: _Text = Field(default="", repr=False)
    digilocker_id: _Text = Field(default="", validation_alias=AliasChoices("digilockerid", "digilocker_id"), repr=False)
    eaadhaar: _Flag = Field(default=None, validation_alias=AliasChoices("eaadhaar", "eaadhar"))
    new_account: _Flag = None
    mobile: _Mobile = Field(default="", repr=False)
    consent_valid_till: _Number = None

    def to_value(self) -> Token:
        """Give the value, with the documented lifetime where none is told."""
        return Token(
            access_token=self.access_token,
            expires_in=self.expires_in or ACCESS_TOKEN_SECONDS,
            refresh_token=self.refresh_token or None,
            scope=self.scope,
            name=self.name,
            digilocker_id=self.digilocker_id or None,
            consent_valid_till=self.consent_valid_till,
        )

    def to_signed_in(self) -> SignedIn:
        """Give the value with what DigiLocker says about the account."""
        return SignedIn(self.to_value(), self.mobile, self.eaadhaar, self.new_account)


class IssuedItem(_Answer):
    """One element of the list of issued documents."""

    name: _Text = ""
    doctype: _Text = ""
    uri: _Text = Field(default="", repr=False)
    issuer: _Text = ""
    issuer_id: _Text = Field(default="", validation_alias=AliasChoices("issuerid", "issuer_id"))
    description: _Text = ""
    date: _Date = None
    mime: _MediaTypes = ()

    def to_value(self) -> IssuedDocument | None:
        """Give the document; None without a URI, since then there is nothing that can be fetched."""
        if not usable_uri(self.uri):
            return None
        issuer_id, doctype = _parts_of(self.uri)
        doctype = self.doctype.upper() or doctype
        return IssuedDocument(
            name=self.name or self.description or doctype,
            doctype=doctype,
            uri=self.uri,
            issuer=self.issuer,
            issuer_id=self.issuer_id or issuer_id,
            description=self.description,
            date=self.date,
            media_types=self.mime,
        )


class UploadedItem(_Answer):
    """One element of the list of self-uploaded files."""

    name: _Text = Field(default="", repr=False)
    type: _Text = ""
    uri: _Text = Field(default="", repr=False)
    mime: _MediaTypes = ()
    size: _Number = None
    date: _Date = None

    def to_value(self) -> UploadedDocument | None:
        """Give the file or folder; None without a name."""
        if not self.name:
            return None
        return UploadedDocument(self.name, self.type == "dir", self.uri, self.mime, self.size, self.date)


def _objects(value: object) -> object:
    """Leave out what is no object: one broken element must not hide the others. Null is an empty list."""
    if value is None:
        return []
    return [element for element in value if isinstance(element, dict)] if isinstance(value, list) else value


class IssuedDocuments(_Answer):
    """The list of issued documents."""

    items: Annotated[list[IssuedItem], BeforeValidator(_objects)]

    def to_value(self) -> tuple[IssuedDocument, ...]:
        """Give the documents in DigiLocker's order, without those that cannot be fetched."""
        return tuple(value for item in self.items if (value := item.to_value()) is not None)


class UploadedDocuments(_Answer):
    """The list of self-uploaded files in one folder."""

    items: Annotated[list[UploadedItem], BeforeValidator(_objects)]

    def to_value(self) -> tuple[UploadedDocument, ...]:
        """Give files and folders in DigiLocker's order."""
        return tuple(value for item in self.items if (value := item.to_value()) is not None)


def _joined(value: object) -> str:
    """One text, or a list of them (`category`, `categories`), as one text."""
    return ", ".join(filter(None, map(_text, value))) if isinstance(value, list) else _text(value)


def _listed_values(value: object) -> tuple[str, ...]:
    """A list, or a text with commas: how `valuelist` looks is not documented."""
    elements = value.split(",") if isinstance(value, str) else value
    if not isinstance(elements, list):
        return ()
    return tuple(dict.fromkeys(text for element in elements if (text := _text(element))))


def _usable(uri: str) -> str:
    if not usable_uri(uri):
        raise ValueError("a URI that cannot stand in an address")
    return uri


type _Joined = Annotated[str, BeforeValidator(_joined)]
type _Values = Annotated[tuple[str, ...], BeforeValidator(_listed_values)]


class SignUpAnswer(_Answer):
    """First step of a sign-up with an OTP: nothing of it is needed."""


class IssuerItem(_Answer):
    """One element of the list of organisations."""

    org_id: _Text = Field(default="", validation_alias=AliasChoices("orgid", "org_id"))
    issuer_id: _Text = Field(default="", validation_alias=AliasChoices("issuerid", "issuer_id"))
    name: _Text = ""
    category: _Joined = Field(default="", validation_alias=AliasChoices("categories", "category"))


class Issuers(_Answer):
    """The organisations from which documents can be pulled."""

    issuers: Annotated[list[IssuerItem], BeforeValidator(_objects)]

    def to_value(self) -> tuple[Issuer, ...]:
        """Give them in DigiLocker's order, each once, without those that have no number or name."""
        usable = {item.org_id: item for item in self.issuers if item.org_id and item.name}
        return tuple(Issuer(item.org_id, item.issuer_id, item.name, item.category) for item in usable.values())


class DocumentTypeItem(_Answer):
    """One element of the list of an organisation's document types."""

    doctype: _Text = ""
    description: _Text = ""


class DocumentTypes(_Answer):
    """What one organisation issues."""

    documents: Annotated[list[DocumentTypeItem], BeforeValidator(_objects)]

    def to_value(self) -> tuple[DocumentType, ...]:
        """Give them in DigiLocker's order, each once, without those that have no usable doctype."""
        usable: dict[str, DocumentType] = {}
        for item in self.documents:
            doctype = item.doctype.upper()
            if _DOCTYPE.fullmatch(doctype):
                usable.setdefault(doctype, DocumentType(doctype, item.description or doctype))
        return tuple(usable.values())


class ParameterItem(_Answer):
    """One element of the list of parameters."""

    label: _Text = ""
    name: _Text = Field(default="", validation_alias=AliasChoices("paramname", "name"))
    values: _Values = Field(default=(), validation_alias=AliasChoices("valuelist", "values"))
    example: _Text = ""


class Parameters(_Answer):
    """What an issuer wants to know: a bare list, or one in an object."""

    parameters: Annotated[list[ParameterItem], BeforeValidator(_objects)]

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: object) -> object:
        return {"parameters": value} if isinstance(value, list) else value

    def to_value(self) -> tuple[Parameter, ...]:
        """Give them in DigiLocker's order, without those whose name cannot be sent."""
        return tuple(
            Parameter(item.name, item.label or item.name, item.example, item.values)
            for item in self.parameters
            if _PARAMETER_NAME.fullmatch(item.name) and item.name not in _FIXED_PARAMETERS
        )


class Pulled(_Answer):
    """A document that has been put into the account."""

    uri: Annotated[_Filled, AfterValidator(_usable)] = Field(repr=False)


def usable_uri(uri: str) -> bool:
    """Whether a URI can stand in an address: not empty, printable, without spaces, and not dots alone.

    Dots alone would be taken for a folder by anything that tidies paths.
    """
    return 0 < len(uri) <= _MAX_URI and uri.isprintable() and " " not in uri and bool(uri.strip("."))


def _parts_of(uri: str) -> tuple[str, str]:
    """Give issuer id and doctype of `<issuer id>-<DOCTYPE>-<document id>`, "" each when it has another shape."""
    parts = uri.split("-", 2)
    return (parts[0], parts[1]) if len(parts) == 3 and len(parts[1]) == 5 and parts[1].isupper() else ("", "")
