"""What may lie in a locker, and the makers of the documents that the help desk must know."""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from xml.sax.saxutils import escape, quoteattr

from standins.digilocker import specimens
from standins.digilocker.specimens import Specimen

PDF = "application/pdf"
XML = "application/xml"
MEBIBYTE = 1024 * 1024


class Flaw(StrEnum):
    """What is wrong with a document when it is fetched."""

    NONE = "none"
    UNRESPONSIVE = "repository_service_unresponsive"
    MISCONFIGURED = "repository_service_configerror"
    BAD_RESPONSE = "repository_service_resperror"
    EXCEPTION = "repository_service_exception"
    INACTIVE = "repository_service_inactive"
    UNPUBLISHED = "repository_service_unpublished"
    GONE = "invalid_uri"
    NOT_SHARED = "insufficient_scope"
    SLOW = "slow"
    STUCK = "stuck"
    BAD_HMAC = "bad hmac"
    NO_HMAC = "no hmac"
    IMAGE = "an image called a PDF"
    JSON_ERROR = "a JSON error with status 200"
    HTML_ERROR = "an HTML page with status 200"
    TRUNCATED = "cut in the middle"
    EMPTY = "no bytes"
    TOO_LARGE = "11 MB"
    LARGE = "nearly 10 MB"


@dataclass(frozen=True)
class IssuedDocument:
    """One line of the list of issued documents, and what comes when it is fetched."""

    name: str
    doctype: str
    issuer_id: str
    issuer: str
    doc_id: str
    issued_on: date
    specimen: Specimen
    media_types: tuple[str, ...] = ("application/json", XML, PDF)
    flaw: Flaw = Flaw.NONE

    @property
    def uri(self) -> str:
        """The document's key: issuer, doctype and number, joined by hyphens."""
        return f"{self.issuer_id}-{self.doctype}-{self.doc_id}"

    def content(self) -> bytes:
        """Return the bytes of its PDF, or of what stands in for one."""
        match self.flaw:
            case Flaw.IMAGE:
                return _JPEG
            case Flaw.EMPTY:
                return b""
            case Flaw.TOO_LARGE:
                return specimens.large_pdf(self.specimen, 11 * MEBIBYTE)
            case Flaw.LARGE:
                return specimens.large_pdf(self.specimen, 10 * MEBIBYTE - 64 * 1024)
            case _:
                return specimens.pdf(self.specimen)

    def xml(self) -> bytes:
        """Return its data in the form that issuers' certificates share."""
        day = self.issued_on.strftime("%d-%m-%Y")
        data = "".join(f"<Item name={quoteattr(label)}>{escape(value)}</Item>" for label, value in self.specimen.lines)
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f'<Certificate language="99" name={quoteattr(self.name)} type="{self.doctype}"'
            f" number={quoteattr(self.doc_id)}"
            f' prevNumber="" expiryDate="" validFromDate="" issuedAt="SPECIMEN" issueDate="{day}" status="A">'
            f'<IssuedBy><Organization name={quoteattr(self.issuer)} code="" uid="" type="SG"><Address type="" line1=""'
            ' line2="" house="" landmark="" locality="" vtc="" district="" pin="" state="" country="IN"/>'
            "</Organization></IssuedBy>"
            f"<IssuedTo><Person name={quoteattr(self.specimen.holder)}/></IssuedTo>"
            f"<CertificateData>{data}</CertificateData><Signature>SPECIMEN</Signature></Certificate>"
        ).encode()


def eaadhaar(name: str, aadhaar: str, born: str, gender: str) -> bytes:
    """Return the data of an Aadhaar card: the number is masked. `born` is DDMMYYYY."""
    day = f"{born[:2]}-{born[2:4]}-{born[4:]}"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Certificate><CertificateData><KycRes code="SPECIMEN" ret="Y" ts="" ttl="" txn="">'
        f'<UidData tkn="" uid="xxxxxxxx{aadhaar[-4:]}"><Poi dob="{day}" gender="{gender}" name={quoteattr(name)}/>'
        '<Poa co="" country="India" dist="" house="" loc="" pc="" state="" vtc=""/><LData/><Pht></Pht></UidData>'
        "</KycRes></CertificateData><Signature>SPECIMEN</Signature></Certificate>"
    ).encode()


@dataclass(frozen=True)
class UploadedFile:
    """Something that the citizen put into her drive herself."""

    name: str
    id: str
    media_type: str = PDF
    uploaded_on: date = date(2024, 6, 1)
    children: tuple["UploadedFile", ...] | None = None
    specimen: Specimen | None = field(default=None, repr=False)

    @property
    def uri(self) -> str:
        """The file's key; folders have none."""
        if self.children is not None:
            return ""
        return f"in.gov.digilocker-OTHER-{hashlib.sha256(self.id.encode()).hexdigest()[:32]}"

    def content(self) -> bytes:
        """Return the bytes of the file."""
        return _JPEG if self.specimen is None else specimens.pdf(self.specimen)


# The smallest JPEG that decoders take: one grey pixel.
_JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300"
    + "03" * 64
    + "ffc0000b080001000101011100ffc40014000100000000000000000000000000000003ffc4001410010000000000000000000000"
    "0000000000ffda0008010100003f0037ffd9"
)

_TRANSPORT = "Ministry of Road Transport and Highways"
_CBSE = "Central Board of Secondary Education"


def pan(holder: str, number: str, born: str, father: str, flaw: Flaw = Flaw.NONE) -> IssuedDocument:
    lines = (("Permanent Account Number", number), ("Name", holder), ("Father's name", father), ("Date of birth", born))
    specimen = Specimen("pan", "Permanent Account Number Card", "Income Tax Department", holder, lines)
    return IssuedDocument(
        "PAN Verification Record",
        "PANCR",
        "in.gov.pan",
        "Income Tax Department",
        number,
        date(2012, 4, 9),
        specimen,
        flaw=flaw,
    )


def licence(holder: str, number: str, born: str, flaw: Flaw = Flaw.NONE) -> IssuedDocument:
    lines = (
        ("Licence number", number),
        ("Name", holder),
        ("Date of birth", born),
        ("Date of issue", "22-03-2020"),
        ("Valid until", "21-03-2040"),
        ("Blood group", "O+"),
        ("Address", "12 Specimen Road, Nowhere 000000"),
    )
    table = (("Class", "Issued on", "Authority"), ("MCWG", "22-03-2020", number[:4]), ("LMV", "22-03-2020", number[:4]))
    specimen = Specimen("licence", "Driving Licence", _TRANSPORT, holder, lines, table)
    return IssuedDocument(
        "Driving License",
        "DRVLC",
        "in.gov.transport",
        _TRANSPORT,
        number.replace(" ", ""),
        date(2020, 3, 22),
        specimen,
        flaw=flaw,
    )


def registration(holder: str, number: str, model: str, flaw: Flaw = Flaw.NONE) -> IssuedDocument:
    lines = (
        ("Registration number", number),
        ("Owner", holder),
        ("Maker and model", model),
        ("Fuel", "PETROL"),
        ("Chassis number", "SPECIMEN000000001"),
        ("Engine number", "SPEC0000001"),
        ("Registered on", "03-11-2021"),
        ("Fit until", "02-11-2036"),
        ("Colour", "BLUE"),
        ("Seats", "2"),
    )
    specimen = Specimen("registration", "Certificate of Registration", _TRANSPORT, holder, lines)
    return IssuedDocument(
        "Registration of Vehicles",
        "RVCER",
        "in.gov.transport",
        _TRANSPORT,
        number.replace(" ", ""),
        date(2021, 11, 3),
        specimen,
        flaw=flaw,
    )


def _marks(holder: str, roll: str, year: int, title: str, subjects: tuple[tuple[str, str, int], ...]) -> Specimen:
    rows = tuple((code, subject, str(marks), "100", "A1" if marks > 90 else "A2") for code, subject, marks in subjects)
    total = sum(marks for _, _, marks in subjects)
    return Specimen(
        "marksheet",
        f"{title}, {year}",
        _CBSE,
        holder,
        (("Roll number", roll), ("School", "Specimen Public School, Nowhere"), ("Mother's name", "A SPECIMEN")),
        (("Code", "Subject", "Marks", "Out of", "Grade"), *rows),
        f"Result: PASS          Total: {total} of {100 * len(subjects)}",
    )


def class_x_marksheet(holder: str, roll: str, year: int, flaw: Flaw = Flaw.NONE) -> IssuedDocument:
    subjects = (
        ("184", "ENGLISH LNG & LIT.", 91),
        ("002", "HINDI COURSE-A", 88),
        ("041", "MATHEMATICS STANDARD", 95),
        ("086", "SCIENCE", 92),
        ("087", "SOCIAL SCIENCE", 90),
    )
    specimen = _marks(holder, roll, year, "Marks Statement cum Certificate, Class X", subjects)
    return IssuedDocument(
        "Class X Marksheet", "SSCER", "in.gov.cbse", _CBSE, f"{roll}{year}", date(year, 5, 28), specimen, flaw=flaw
    )


def class_x_passing(holder: str, roll: str, year: int, flaw: Flaw = Flaw.NONE) -> IssuedDocument:
    specimen = Specimen(
        "passing",
        f"Secondary School Examination (Class X), {year}",
        _CBSE,
        holder,
        (("Roll number", roll),),
        footing="has passed the Secondary School Examination and is declared eligible for the certificate of Class X.",
    )
    return IssuedDocument(
        "Class X Passing Certificate",
        "SPCER",
        "in.gov.cbse",
        _CBSE,
        f"{roll}{year}",
        date(year, 5, 28),
        specimen,
        flaw=flaw,
    )


def class_xii_marksheet(holder: str, roll: str, year: int, flaw: Flaw = Flaw.NONE) -> IssuedDocument:
    subjects = (
        ("301", "ENGLISH CORE", 89),
        ("041", "MATHEMATICS", 93),
        ("042", "PHYSICS", 87),
        ("043", "CHEMISTRY", 90),
        ("083", "COMPUTER SCIENCE", 96),
    )
    specimen = _marks(holder, roll, year, "Marks Statement, Senior School Certificate (Class XII)", subjects)
    return IssuedDocument(
        "Class XII Marksheet", "HSCER", "in.gov.cbse", _CBSE, f"{roll}{year}", date(year, 5, 26), specimen, flaw=flaw
    )


def two_wheeler(holder: str, policy: str, vehicle: str, flaw: Flaw = Flaw.NONE) -> IssuedDocument:
    lines = (
        ("Policy number", policy),
        ("Vehicle", vehicle),
        ("Maker and model", "SPECIMEN MOTORS / ACT 110"),
        ("From", "03-11-2025, 00:00"),
        ("Until", "02-11-2026, 23:59"),
        ("Insured declared value", "Rs. 58,400"),
        ("Nominee", "A SPECIMEN"),
    )
    table = (
        ("Cover", "Sum", "Premium"),
        ("Own damage", "Rs. 58,400", "Rs. 912"),
        ("Third party", "as by law", "Rs. 714"),
        ("Personal accident", "Rs. 15,00,000", "Rs. 331"),
    )
    issuer = "Specimen General Insurance Co. Ltd."
    specimen = Specimen(
        "two-wheeler",
        "Two-Wheeler Package Policy - Certificate of Insurance",
        issuer,
        holder,
        lines,
        table,
        "This certificate would be given under the Motor Vehicles Act if it were one. It is a specimen.",
    )
    return IssuedDocument(
        "Insurance Policy - Two Wheeler",
        "TWIPC",
        "in.co.specimengeneral",
        issuer,
        policy,
        date(2025, 11, 3),
        specimen,
        flaw=flaw,
    )


def life(holder: str, policy: str, flaw: Flaw = Flaw.NONE) -> IssuedDocument:
    lines = (
        ("Policy number", policy),
        ("Plan", "Specimen Endowment, 20 years"),
        ("Sum assured", "Rs. 10,00,000"),
        ("Start", "15-08-2018"),
        ("Maturity", "15-08-2038"),
        ("Nominee", "A SPECIMEN (100 %)"),
        ("Premium", "Rs. 48,760 a year"),
    )
    table = (
        ("Benefit", "When", "Amount"),
        ("Death", "any time", "Rs. 10,00,000"),
        ("Maturity", "15-08-2038", "Rs. 10,00,000 + bonus"),
    )
    issuer = "Specimen Life Insurance Co. Ltd."
    specimen = Specimen(
        "life",
        "Life Insurance Policy",
        issuer,
        holder,
        lines,
        table,
        "The schedule is part of a policy that does not exist.",
    )
    return IssuedDocument(
        "Insurance Policy - Life", "LICER", "in.co.specimenlife", issuer, policy, date(2018, 8, 15), specimen, flaw=flaw
    )


def non_life(holder: str, policy: str, flaw: Flaw = Flaw.NONE) -> IssuedDocument:
    lines = (
        ("Policy number", policy),
        ("Plan", "Family Health Specimen"),
        ("Sum insured", "Rs. 5,00,000"),
        ("From", "01-04-2026"),
        ("Until", "31-03-2027"),
        ("Help line", "1800 000 000"),
    )
    table = (
        ("Member", "Relation", "Age"),
        (holder, "self", "34"),
        ("A Specimen", "spouse", "36"),
        ("B Specimen", "child", "8"),
    )
    issuer = "Specimen General Insurance Co. Ltd."
    specimen = Specimen(
        "non-life", "Health Insurance Policy", issuer, holder, lines, table, "No hospital will take this specimen."
    )
    return IssuedDocument(
        "Insurance Policy - Health",
        "HLIPC",
        "in.co.specimengeneral",
        issuer,
        policy,
        date(2026, 4, 1),
        specimen,
        flaw=flaw,
    )


def certificate(
    holder: str,
    name: str,
    doctype: str,
    issuer_id: str,
    issuer: str,
    number: str,
    *,
    issued_on: date = date(2023, 7, 14),
    media_types: tuple[str, ...] = (PDF,),
    flaw: Flaw = Flaw.NONE,
) -> IssuedDocument:
    """Any other document, on a plain form."""
    specimen = Specimen(
        "certificate", name, issuer, holder, (("Number", number), ("Issued on", issued_on.strftime("%d-%m-%Y")))
    )
    return IssuedDocument(name, doctype, issuer_id, issuer, number, issued_on, specimen, media_types, flaw)
