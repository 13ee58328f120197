"""A dozen citizens who do not exist, each with a locker that is good for trying out something.

Several faults may lie in one locker, each on its own document, so that they can be tried beside documents that come.
"""

import uuid
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal

from standins.digilocker import documents
from standins.digilocker.aadhaar import UIDAI_TEST_NUMBERS, made_up_number, made_up_vid
from standins.digilocker.directory import IssuerRecord
from standins.digilocker.documents import PDF, XML, Flaw, IssuedDocument, UploadedFile
from standins.digilocker.specimens import Specimen

_NAMESPACE = uuid.UUID("00000000-0000-4000-8000-00000000d161")


@dataclass(frozen=True)
class Citizen:
    """One made-up person and her locker.

    `phone` is the number she writes from by default, `mobile` the one that her Aadhaar and locker know (None: none).
    `date_shape` and `mime_shape` are the two, and three, ways in which real lists spell them. `token_dies_after` is the
    number of files after which her token is revoked, as if she had done it in DigiLocker's own app. `aadhaar_name`
    is how Aadhaar spells her, where that is another way; `records` is what issuers know of her and she can pull.
    """

    name: str
    good_for: str
    aadhaar: str
    phone: str
    mobile: str | None
    born: str
    gender: Literal["M", "F", "T"]
    vid: str | None = None
    username: str | None = None
    registered: bool = True
    issued: tuple[IssuedDocument, ...] = ()
    uploaded: tuple[UploadedFile, ...] = ()
    date_shape: Literal["indian", "iso"] = "indian"
    mime_shape: Literal["array", "scalar", "objects"] = "array"
    registered_as_text: bool = False
    otp_flooded: bool = False
    token_dies_after: int | None = None
    aadhaar_linked: bool = True
    aadhaar_name: str | None = None
    records: tuple[IssuerRecord, ...] = ()

    @property
    def digilocker_id(self) -> str:
        """The account's id, 36 characters."""
        return str(uuid.uuid5(_NAMESPACE, self.aadhaar))

    def is_called(self, username: str) -> bool:
        """Return whether this is her Aadhaar number, her VID or her user name.

        That a number can be the user name is a reading of the documents: they name only user name and mobile.
        """
        return username in {self.aadhaar, self.vid} or (self.username is not None and username.lower() == self.username)


def _phone(index: int) -> str:
    return f"9190000000{index:02d}"


def _rich() -> Citizen:
    name = "ASHA VERMA"
    return Citizen(
        name,
        "A rich locker: every kind of document named at the launch",
        UIDAI_TEST_NUMBERS[0],
        _phone(1),
        _phone(1),
        "01011992",
        "F",
        vid=made_up_vid(1),
        username="asha.verma",
        issued=(
            documents.pan(name, "AAAPV0000A", "01-01-1992", "RAM VERMA"),
            documents.licence(name, "DL00 20200000001", "01-01-1992"),
            documents.registration(name, "DL 00 AA 0001", "SPECIMEN MOTORS / ACT 110"),
            documents.class_x_marksheet(name, "0000101", 2007),
            documents.class_x_passing(name, "0000101", 2007),
            documents.class_xii_marksheet(name, "0000201", 2009),
            documents.two_wheeler(name, "TW0000000001", "DL 00 AA 0001"),
            documents.life(name, "LF0000000001"),
            documents.non_life(name, "HL0000000001"),
        ),
    )


def _many() -> Citizen:
    name = "LAKSHMI NARAYANAN"

    def other(title: str, doctype: str, issuer_id: str, issuer: str, number: str) -> IssuedDocument:
        return documents.certificate(name, title, doctype, issuer_id, issuer, number)

    cbse, nios = "Central Board of Secondary Education", "National Institute of Open Schooling"
    return Citizen(
        name,
        "23 documents, three pages; two RCs; lists dates and types in other shapes",
        made_up_number(7),
        _phone(7),
        _phone(7),
        "17061988",
        "F",
        vid=made_up_vid(7),
        date_shape="iso",
        mime_shape="objects",
        issued=(
            documents.pan(name, "AAAPN0000B", "17-06-1988", "K NARAYANAN"),
            documents.licence(name, "TN00 20150000007", "17-06-1988"),
            documents.registration(name, "TN 00 AB 0007", "SPECIMEN MOTORS / ACT 110"),
            documents.registration(name, "TN 00 AC 0070", "SPECIMEN CARS / EST 1.2"),
            documents.class_x_marksheet(name, "0000107", 2004),
            documents.class_x_passing(name, "0000107", 2004),
            documents.class_xii_marksheet(name, "0000207", 2006),
            documents.two_wheeler(name, "TW0000000007", "TN 00 AB 0007"),
            documents.life(name, "LF0000000007"),
            documents.non_life(name, "HL0000000007"),
            other("Class X Migration Certificate", "SSMGR", "in.gov.cbse", cbse, "00001072004"),
            other("Class XII Passing Certificate", "HPCER", "in.gov.cbse", cbse, "00002072006"),
            other("Class XII Migration Certificate", "HSMGR", "in.gov.cbse", cbse, "00002072006"),
            other(
                "Insurance Policy - Car",
                "CRIPC",
                "in.co.specimengeneral",
                "Specimen General Insurance Co. Ltd.",
                "CR0000000007",
            ),
            other(
                "Insurance Policy - Home",
                "HMIPC",
                "in.co.specimengeneral",
                "Specimen General Insurance Co. Ltd.",
                "HM0000000007",
            ),
            other(
                "Insurance Policy - Travel",
                "TRIPC",
                "in.co.specimengeneral",
                "Specimen General Insurance Co. Ltd.",
                "TR0000000007",
            ),
            other(
                "Covid Vaccine Certificate",
                "VACER",
                "in.gov.cowin",
                "Ministry of Health and Family Welfare",
                "VC0000000007",
            ),
            other(
                "Pension Certificate",
                "PECER",
                "in.gov.specimenpension",
                "Department of Specimen Pensions",
                "PE0000000007",
            ),
            other("Provident Fund Passbook", "PRFND", "in.gov.specimenfund", "Specimen Provident Fund", "PF0000000007"),
            other("Skill Certificate (Class XII)", "SKHSC", "in.gov.cbse", cbse, "SK0000000007"),
            other("Central Teacher Eligibility Test Marksheet", "TETMS", "in.gov.cbse", cbse, "TM0000000007"),
            other("Central Teacher Eligibility Test Certificate", "TETCR", "in.gov.cbse", cbse, "TC0000000007"),
            other(
                "Class X Provisional Certificate of the Open School, October Session",
                "SVCER",
                "in.gov.nios",
                nios,
                "SV0000000007",
            ),
        ),
    )


def _issuer_down() -> Citizen:
    name = "MOHAN SINGH"
    return Citizen(
        name,
        "Issuers that are down, in each documented way, beside a PAN that comes",
        made_up_number(8),
        _phone(8),
        _phone(8),
        "23091979",
        "M",
        issued=(
            documents.pan(name, "AAAPS0000C", "23-09-1979", "BALBIR SINGH"),
            documents.licence(name, "PB00 20010000008", "23-09-1979", Flaw.UNRESPONSIVE),
            documents.registration(name, "PB 00 AD 0008", "SPECIMEN MOTORS / ACT 110", Flaw.INACTIVE),
            documents.class_x_marksheet(name, "0000108", 1995, Flaw.EXCEPTION),
            documents.class_x_passing(name, "0000108", 1995, Flaw.MISCONFIGURED),
            documents.class_xii_marksheet(name, "0000208", 1997, Flaw.BAD_RESPONSE),
            documents.two_wheeler(name, "TW0000000008", "PB 00 AD 0008", Flaw.UNPUBLISHED),
            documents.life(name, "LF0000000008", Flaw.GONE),
        ),
    )


def _slow_issuer() -> Citizen:
    name = "KAVITA JOSHI"
    return Citizen(
        name,
        "A slow issuer: the licence takes seconds, the RC too long; the PAN comes at once",
        made_up_number(9),
        _phone(9),
        _phone(9),
        "30121985",
        "F",
        issued=(
            documents.pan(name, "AAAPJ0000D", "30-12-1985", "HARISH JOSHI"),
            documents.licence(name, "UK00 20100000009", "30-12-1985", Flaw.SLOW),
            documents.registration(name, "UK 00 AE 0009", "SPECIMEN MOTORS / ACT 110", Flaw.STUCK),
        ),
    )


def _damaged() -> Citizen:
    name = "JOSEPH MATHEW"
    return Citizen(
        name,
        "Documents that come damaged: bad hmac, an image, JSON with status 200, 11 MB and more; the PAN is good",
        made_up_number(10),
        _phone(10),
        _phone(10),
        "08041990",
        "M",
        mime_shape="scalar",
        issued=(
            documents.pan(name, "AAAPM0000E", "08-04-1990", "THOMAS MATHEW"),
            documents.licence(name, "KL00 20120000010", "08-04-1990", Flaw.BAD_HMAC),
            documents.registration(name, "KL 00 AF 0010", "SPECIMEN MOTORS / ACT 110", Flaw.IMAGE),
            documents.class_x_marksheet(name, "0000110", 2006, Flaw.JSON_ERROR),
            documents.class_x_passing(name, "0000110", 2006, Flaw.HTML_ERROR),
            documents.class_xii_marksheet(name, "0000210", 2008, Flaw.TOO_LARGE),
            documents.two_wheeler(name, "TW0000000010", "KL 00 AF 0010", Flaw.TRUNCATED),
            documents.life(name, "LF0000000010", Flaw.NO_HMAC),
            documents.non_life(name, "HL0000000010", Flaw.EMPTY),
            documents.certificate(
                name,
                "Pension Certificate",
                "PECER",
                "in.gov.specimenpension",
                "Department of Specimen Pensions",
                "PE0000000010",
                flaw=Flaw.LARGE,
            ),
        ),
    )


def _xml_and_uploads() -> Citizen:
    name = "MEERA PILLAI"
    degree = Specimen("certificate", "Scan of a degree", "Uploaded by herself", name, (("Year", "2013"),))
    return Citizen(
        name,
        "A document without PDF, one that may not be shared, and files she uploaded herself; the PAN is good",
        made_up_number(11),
        _phone(11),
        _phone(11),
        "12101991",
        "F",
        username="meera_p",
        registered_as_text=True,
        issued=(
            documents.pan(name, "AAAPP0000F", "12-10-1991", "SURESH PILLAI"),
            documents.certificate(
                name,
                "Aadhaar Card",
                "ADHAR",
                "in.gov.uidai",
                "Aadhaar, Unique Identification Authority of India",
                "000000000000000000000000000000a1",
                media_types=(XML, PDF),
                flaw=Flaw.NOT_SHARED,
            ),
            documents.certificate(
                name,
                "Class XII Provisional Certificate",
                "HVCER",
                "in.gov.nios",
                "National Institute of Open Schooling",
                "HV0000000011",
                issued_on=date(2025, 2, 3),
                media_types=("application/json", XML),
            ),
        ),
        uploaded=(
            UploadedFile("Degree.pdf", "0000011", specimen=degree),
            UploadedFile("Photo.jpg", "0000012", "image/jpeg"),
            UploadedFile("Old papers", "0000013", "", children=(UploadedFile("Rent.pdf", "0000014", specimen=degree),)),
        ),
    )


def _records_of_sunita() -> tuple[IssuerRecord, ...]:
    name = "SUNITA DEVI"
    return (
        IssuerRecord(
            documents.pan(name, "AAAPD0000K", "05-03-1968", "SHYAM LAL"),
            (("panno", "AAAPD0000K"), ("FullName", name)),
        ),
        IssuerRecord(documents.licence(name, "BR00 20050000003", "05-03-1968"), (("dl_no", "BR0020050000003"),)),
        IssuerRecord(
            documents.registration(name, "BR 00 AG 0003", "SPECIMEN MOTORS / ACT 110"),
            (("reg_no", "BR00AG0003"), ("chasis_no", "SPECIMEN000000001")),
        ),
        IssuerRecord(
            documents.class_x_marksheet(name, "0000103", 2004),
            (("rollno", "0000103"), ("year", "2004"), ("FullName", name)),
        ),
        IssuerRecord(
            documents.two_wheeler(name, "TW0000000003", "BR 00 AG 0003"),
            (("policy_no", "TW0000000003"), ("FullName", name)),
        ),
        IssuerRecord(
            documents.certificate(
                name,
                "Income Certificate",
                "INCER",
                "in.gov.specimenrevenue.bihar",
                "Revenue Department, Bihar",
                "CN0000000003",
            ),
            (("certificate_no", "CN0000000003"),),
        ),
    )


def _puller() -> Citizen:
    name = "DEEPAK NAIR"
    pan = documents.pan(name, "AAAPN0000M", "18-05-1987", "K P NAIR")
    return Citizen(
        name,
        "Pulls: his licence comes, his PAN is there already, the RC's issuer is set up wrongly, the insurer"
        " fails, and anything with another name or year waits for the issuer",
        made_up_number(14),
        _phone(14),
        _phone(14),
        "18051987",
        "M",
        vid=made_up_vid(14),
        issued=(pan,),
        records=(
            IssuerRecord(pan, (("panno", "AAAPN0000M"), ("FullName", name))),
            IssuerRecord(documents.licence(name, "KL00 20080000014", "18-05-1987"), (("dl_no", "KL0020080000014"),)),
            IssuerRecord(
                documents.class_xii_marksheet(name, "0000214", 2005),
                (("rollno", "0000214"), ("year", "2005"), ("FullName", name)),
            ),
            IssuerRecord(
                documents.registration(name, "KL 00 AH 0014", "SPECIMEN MOTORS / ACT 110"),
                (("reg_no", "KL00AH0014"), ("chasis_no", "SPECIMEN000000001")),
                error="repository_service_configerror",
            ),
            IssuerRecord(
                documents.two_wheeler(name, "TW0000000014", "KL 00 AH 0014"),
                (("policy_no", "TW0000000014"), ("FullName", name)),
                error="unexpected_error",
            ),
        ),
    )


@cache
def everyone() -> tuple[Citizen, ...]:
    """Return all citizens, in the order of their phone numbers."""
    shared = _phone(4)
    return (
        _rich(),
        Citizen(
            "RAVI KUMAR",
            "An empty locker",
            UIDAI_TEST_NUMBERS[1],
            _phone(2),
            _phone(2),
            "15081975",
            "M",
            vid=made_up_vid(2),
            username="ravi75",
        ),
        Citizen(
            "SUNITA DEVI",
            "No DigiLocker account",
            UIDAI_TEST_NUMBERS[2],
            _phone(3),
            _phone(3),
            "05031968",
            "F",
            registered=False,
            records=_records_of_sunita(),
        ),
        Citizen(
            "IMRAN KHAN",
            "Shares his mobile with his wife Farida: two accounts on one number",
            UIDAI_TEST_NUMBERS[3],
            _phone(4),
            shared,
            "19071983",
            "M",
            username="imran.khan",
            issued=(documents.pan("IMRAN KHAN", "AAAPK0000G", "19-07-1983", "SALIM KHAN"),),
        ),
        Citizen(
            "FARIDA KHAN",
            "Her OTPs go to Imran's mobile: two accounts on one number",
            UIDAI_TEST_NUMBERS[4],
            _phone(5),
            shared,
            "02021986",
            "F",
            username="farida.khan",
            issued=(documents.licence("FARIDA KHAN", "MH00 20160000005", "02-02-1986"),),
        ),
        Citizen(
            "GOPAL DAS",
            "An account without a mobile: no OTP can be sent",
            UIDAI_TEST_NUMBERS[5],
            _phone(6),
            None,
            "11111958",
            "M",
        ),
        _many(),
        _issuer_down(),
        _slow_issuer(),
        _damaged(),
        _xml_and_uploads(),
        Citizen(
            "HARPREET KAUR",
            "Her token is revoked in the middle: the first document comes, then she has to sign in again",
            made_up_number(12),
            _phone(12),
            _phone(12),
            "27051994",
            "F",
            token_dies_after=1,
            issued=(
                documents.pan("HARPREET KAUR", "AAAPK0000H", "27-05-1994", "GURDEEP SINGH"),
                documents.licence("HARPREET KAUR", "PB00 20170000012", "27-05-1994"),
            ),
        ),
        Citizen(
            "ABDUL RAHMAN",
            "Asked for too many OTPs already: DigiLocker sends him no more for now",
            made_up_number(13),
            _phone(13),
            _phone(13),
            "09091971",
            "M",
            otp_flooded=True,
            issued=(documents.pan("ABDUL RAHMAN", "AAAPR0000J", "09-09-1971", "YUSUF RAHMAN"),),
        ),
        _puller(),
        Citizen(
            "TENZIN DORJE",
            "His account is no longer linked to Aadhaar: he can pull nothing until he links it",
            made_up_number(15),
            _phone(15),
            _phone(15),
            "06071990",
            "M",
            aadhaar_linked=False,
            issued=(documents.pan("TENZIN DORJE", "AAAPD0000L", "06-07-1990", "PEMA DORJE"),),
        ),
        Citizen(
            "ROHIT SAXENA",
            "No account, and his mobile belongs to Deepak's: signing up with it is refused",
            made_up_number(16),
            _phone(16),
            _phone(14),
            "21101998",
            "M",
            registered=False,
        ),
        Citizen(
            "NEHA BORA",
            "No account, and Aadhaar spells her NEHA BARUA: signing up as Neha Bora is refused",
            made_up_number(17),
            _phone(17),
            _phone(17),
            "14021996",
            "F",
            registered=False,
            aadhaar_name="NEHA BARUA",
        ),
    )
