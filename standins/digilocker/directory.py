"""The organisations that issue documents, what each of them issues, and what has to be told to pull it.

Documented, or seen in working integrations: the issuers `in.gov.pan`, `in.gov.transport`, `in.gov.cbse`, `in.gov.nios`,
`in.gov.uidai`, `in.gov.cowin` and their doctypes; organisation 002317 (Accountant General, Tripura) with PECER and
PRFND; the insurers' doctypes; the parameters `rollno`, `year`, `FullName` (CBSE), `reg_no`, `chasis_no` (registration
certificate). Everything else is ours: no directory is published, so names are generic or made up, organisation numbers
below 002000 are counted through, and the doctypes of states and universities only have the right form.
"""

from dataclasses import dataclass
from functools import cache

from standins.digilocker.documents import IssuedDocument


@dataclass(frozen=True)
class Parameter:
    """One thing that the issuer wants to know; `values` are all that it may be, none: anything."""

    name: str
    label: str
    example: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """One type of document that an organisation issues."""

    doctype: str
    description: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True)
class Organisation:
    """One issuer."""

    org_id: str
    issuer_id: str
    name: str
    category: str
    description: str
    kinds: tuple[Kind, ...]

    def kind(self, doctype: str) -> Kind | None:
        """Return what it issues under that doctype."""
        return next((kind for kind in self.kinds if kind.doctype == doctype), None)


@dataclass(frozen=True)
class IssuerRecord:
    """What an issuer knows of somebody: asked for with these values, it becomes this document.

    The first value is the number by which the issuer finds it. `error` is answered instead of the document.
    """

    document: IssuedDocument
    values: tuple[tuple[str, str], ...]
    error: str = ""

    def fits(self, given: dict[str, str]) -> bool:
        """Return whether every value is right, whatever its case and spaces."""
        return all(_plain(given.get(name, "")) == _plain(value) for name, value in self.values)

    def is_named(self, given: dict[str, str]) -> bool:
        """Return whether the number is right, and perhaps something else is not."""
        name, value = self.values[0]
        return _plain(given.get(name, "")) == _plain(value)


def _plain(value: str) -> str:
    return "".join(value.split()).casefold()


_YEARS = tuple(str(year) for year in range(2026, 2003, -1))
_NAME = Parameter("FullName", "Name (as on the document)", "ASHA VERMA")

_SCHOOL = (Parameter("rollno", "Roll Number", "5147103"), Parameter("year", "Year", "2009", _YEARS), _NAME)
_VEHICLE = (
    Parameter("reg_no", "Registration Number", "DL00AA0001"),
    Parameter("chasis_no", "Chassis Number", "SPECIMEN000000001"),
)
_LICENCE = (Parameter("dl_no", "Driving Licence Number", "DL0020200000000"),)
_PAN = (Parameter("panno", "PAN", "AAAPX0000X"), _NAME)
_POLICY = (Parameter("policy_no", "Policy Number", "TW0000000001"), _NAME)
_CERTIFICATE = (Parameter("certificate_no", "Certificate Number", "CN0000000001"),)
_DEGREE = (Parameter("enrolment_no", "Enrolment Number", "EN0000000001"), Parameter("year", "Year", "2009", _YEARS))
_AADHAAR: tuple[Parameter, ...] = ()
_MEMBER = (Parameter("account_no", "Account Number", "PF0000000007"), _NAME)

_BOARD_KINDS = (
    Kind("SSCER", "Class X Marksheet", _SCHOOL),
    Kind("SPCER", "Class X Passing Certificate", _SCHOOL),
    Kind("SSMGR", "Class X Migration Certificate", _SCHOOL),
    Kind("HSCER", "Class XII Marksheet", _SCHOOL),
    Kind("HPCER", "Class XII Passing Certificate", _SCHOOL),
    Kind("HSMGR", "Class XII Migration Certificate", _SCHOOL),
)
_TRANSPORT_KINDS = (
    Kind("DRVLC", "Driving License", _LICENCE),
    Kind("RVCER", "Registration of Vehicles", _VEHICLE),
)
_GENERAL_POLICIES = (
    Kind("TWIPC", "Insurance Policy - Two Wheeler", _POLICY),
    Kind("CRIPC", "Insurance Policy - Car", _POLICY),
    Kind("CVIPC", "Insurance Policy - Commercial Vehicle", _POLICY),
    Kind("HLIPC", "Insurance Policy - Health", _POLICY),
    Kind("HMIPC", "Insurance Policy - Home", _POLICY),
    Kind("TRIPC", "Insurance Policy - Travel", _POLICY),
    Kind("MRIPC", "Insurance Policy - Marine", _POLICY),
    Kind("PRIPC", "Insurance Policy - Property", _POLICY),
)
_LIFE_POLICIES = (
    # No doctype of a life policy was found anywhere: this one is ours.
    Kind("LICER", "Insurance Policy - Life", _POLICY),
    Kind("GICER", "Insurance Policy - Group", _POLICY),
)

_CENTRAL = (
    ("in.gov.pan", "Income Tax Department", "Central Government", (Kind("PANCR", "PAN Verification Record", _PAN),)),
    ("in.gov.transport", "Ministry of Road Transport and Highways", "Central Government", _TRANSPORT_KINDS),
    (
        "in.gov.cbse",
        "Central Board of Secondary Education",
        "Education",
        (
            *_BOARD_KINDS,
            Kind("SKTSC", "Skill Certificate (Class X)", _SCHOOL),
            Kind("SKHSC", "Skill Certificate (Class XII)", _SCHOOL),
            Kind("TETCR", "Central Teacher Eligibility Test Certificate", _SCHOOL),
            Kind("TETMS", "Central Teacher Eligibility Test Marksheet", _SCHOOL),
            Kind("NTMKS", "NEET Marksheet", _SCHOOL),
            Kind("NTLTR", "NEET Rank Letter", _SCHOOL),
        ),
    ),
    (
        "in.gov.nios",
        "National Institute of Open Schooling",
        "Education",
        (
            *_BOARD_KINDS,
            Kind("SVCER", "Class X Provisional Certificate", _SCHOOL),
            Kind("HVCER", "Class XII Provisional Certificate", _SCHOOL),
        ),
    ),
    (
        "in.gov.uidai",
        "Aadhaar, Unique Identification Authority of India",
        "Central Government",
        (Kind("ADHAR", "Aadhaar Card", _AADHAAR),),
    ),
    (
        "in.gov.cowin",
        "Ministry of Health and Family Welfare",
        "Health",
        (Kind("VACER", "Covid Vaccine Certificate", (Parameter("ref_id", "Reference ID", "VC0000000007"), _NAME)),),
    ),
    (
        "in.gov.specimenfund",
        "Specimen Provident Fund",
        "Central Government",
        (Kind("PRFND", "Provident Fund Passbook", _MEMBER),),
    ),
    (
        "in.gov.specimenpension",
        "Department of Specimen Pensions",
        "Central Government",
        (Kind("PECER", "Pension Certificate", _MEMBER),),
    ),
)

_STATES = (
    *("Andhra Pradesh", "Arunachal Pradesh", "Assam", "Bihar", "Chhattisgarh", "Goa", "Gujarat", "Haryana"),
    *("Himachal Pradesh", "Jharkhand", "Karnataka", "Kerala", "Madhya Pradesh", "Maharashtra", "Manipur", "Meghalaya"),
    *("Mizoram", "Nagaland", "Odisha", "Punjab", "Rajasthan", "Sikkim", "Tamil Nadu", "Telangana", "Tripura"),
    *("Uttar Pradesh", "Uttarakhand", "West Bengal"),
    *("Andaman and Nicobar Islands", "Chandigarh", "Dadra and Nagar Haveli and Daman and Diu", "Delhi"),
    *("Jammu and Kashmir", "Ladakh", "Lakshadweep", "Puducherry"),
)
_STATE_OFFICES = (
    ("board", "Board of School Education, {}", "Education", _BOARD_KINDS),
    (
        "transport",
        "Transport Department, {}",
        "State Government",
        (
            Kind("VTXRC", "Vehicle Tax Receipt", _VEHICLE),
            Kind("VFCER", "Vehicle Fitness Certificate", _VEHICLE),
            Kind("VPRMT", "Vehicle Permit", _VEHICLE),
        ),
    ),
    (
        "revenue",
        "Revenue Department, {}",
        "State Government",
        (
            Kind("INCER", "Income Certificate", _CERTIFICATE),
            Kind("CSCER", "Caste Certificate", _CERTIFICATE),
            Kind("DMCER", "Domicile Certificate", _CERTIFICATE),
            Kind("BRCER", "Birth Certificate", _CERTIFICATE),
            Kind("RSCRD", "Ration Card", _CERTIFICATE),
        ),
    ),
)
# "Specimen General Insurance" and "Specimen Life Insurance" are the insurers of the lockers' policies.
_GENERAL_INSURERS = (
    *("", "Banyan", "Neem", "Peepal", "Tulsi", "Lotus", "Jasmine", "Marigold", "Mango", "Sandal", "Teak", "Bamboo"),
    *("Peacock", "Koel", "Mynah", "Heron"),
)
_LIFE_INSURERS = ("", "Monsoon", "Himalaya", "Deccan", "Konkan", "Coromandel", "Malabar", "Vindhya")
_UNIVERSITIES = (
    *("Eastern", "Western", "Northern", "Southern", "Central", "Coastal", "Riverside", "Hill", "Desert", "Island"),
    *("Technical", "Agricultural"),
)
_UNIVERSITY_KINDS = (
    Kind("DGCER", "Degree Certificate", _DEGREE),
    Kind("DGMST", "Degree Marksheet", _DEGREE),
    Kind("DPCER", "Diploma Certificate", _DEGREE),
)


@cache
def organisations() -> tuple[Organisation, ...]:
    """Return all issuers, in the order in which they are listed."""
    rows: list[tuple[str, str, str, tuple[Kind, ...]]] = [*_CENTRAL]
    for state in _STATES:
        slug = "".join(state.lower().split())
        rows += [
            (f"in.gov.specimen{office}.{slug}", name.format(state), category, kinds)
            for office, name, category, kinds in _STATE_OFFICES
        ]
    for kind_of_insurer, names, kinds in (
        ("General", _GENERAL_INSURERS, _GENERAL_POLICIES),
        ("Life", _LIFE_INSURERS, _LIFE_POLICIES),
    ):
        for name in names:
            full = " ".join(f"Specimen {name} {kind_of_insurer} Insurance Co. Ltd.".split())
            rows.append((f"in.co.specimen{name.lower()}{kind_of_insurer.lower()}", full, "Insurance", kinds))
    for name in _UNIVERSITIES:
        rows.append((f"in.edu.specimen{name.lower()}", f"Specimen {name} University", "Education", _UNIVERSITY_KINDS))
    listed = [
        Organisation(f"{number:06d}", issuer_id, name, category, name, kinds)
        for number, (issuer_id, name, category, kinds) in enumerate(rows, start=101)
    ]
    tripura = (
        Kind("PECER", "Pension Certificate", _MEMBER),
        Kind("PRFND", "Provident Fund Passbook", _MEMBER),
    )
    listed.append(
        Organisation(
            "002317", "in.gov.agtripura", "Accountant General, Tripura", "State Government", "AG Tripura", tripura
        )
    )
    return tuple(listed)


@cache
def _by_id() -> dict[str, Organisation]:
    return {one.org_id: one for one in organisations()}


def organisation(org_id: str) -> Organisation | None:
    """Return the issuer with that number."""
    return _by_id().get(org_id)


def issuing(issuer_id: str) -> Organisation:
    """Return the issuer that a document's URI names. Raises StopIteration if there is none."""
    return next(one for one in organisations() if one.issuer_id == issuer_id)
