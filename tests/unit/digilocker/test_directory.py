"""The directory: fetched in parts, kept for all, searched in memory."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.conversation.problems import Problem
from helpdesk.digilocker.client import DigiLockerClient
from helpdesk.digilocker.directory import DAY, Directory, DirectorySource, Offer, fetch
from helpdesk.digilocker.errors import Busy, ClientRefused, DirectoryNotReady, Unreachable
from helpdesk.digilocker.models import DocumentType, Issuer
from helpdesk.digilocker.pull import PullClient
from helpdesk.digilocker.wording import distance, tokens
from helpdesk.errors import DigiLockerError
from helpdesk.storage.directory import DirectoryStore
from standins.digilocker.directory import organisations
from tests.unit.aws import Aws, aws

NOW = 1_800_000_000.0


def stand_ins() -> Directory:
    """The stand-in's directory, as if it had been fetched."""
    return Directory(
        (
            Offer(
                Issuer(one.org_id, one.issuer_id, one.name, one.category),
                tuple(DocumentType(kind.doctype, kind.description) for kind in one.kinds),
                NOW,
            )
            for one in organisations()
        ),
        NOW,
    )


WHOLE = stand_ins()


# --- searching


@pytest.mark.parametrize(
    ("text", "doctype"),
    [
        ("bike insurance", "TWIPC"),
        ("two-wheeler policy", "TWIPC"),
        ("scooter insurence", "TWIPC"),
        ("car insurance", "CRIPC"),
        ("mediclaim", "HLIPC"),
        ("life insurance", "LICER"),
        ("PAN", "PANCR"),
        ("my pan card please", "PANCR"),
        ("driving licence", "DRVLC"),
        ("Driving License", "DRVLC"),
        ("DL", "DRVLC"),
        ("drivng lisense", "DRVLC"),
        ("rc book", "RVCER"),
        ("vehicle registration", "RVCER"),
        ("10th marksheet", "SSCER"),
        ("Class 10 mark sheet", "SSCER"),
        ("matric marks card", "SSCER"),
        ("12th marksheet", "HSCER"),
        ("XII marksheeet", "HSCER"),
        ("10th passing certificate", "SPCER"),
        ("caste certificate", "CSCER"),
        ("cast certificate", "CSCER"),
        ("incom certificate", "INCER"),
        ("birth", "BRCER"),
        ("rashan card", "RSCRD"),
        ("pf passbook", "PRFND"),
        ("covid", "VACER"),
        ("twipc", "TWIPC"),
        ("degre certificate", "DGCER"),
    ],
)
def test_what_people_type_leads_to_the_type_that_they_mean(text: str, doctype: str) -> None:
    assert WHOLE.search(text)[0].doctype == doctype


def test_a_type_is_found_once_with_all_who_issue_it() -> None:
    found = WHOLE.search("bike insurance")

    assert [one.doctype for one in found] == ["TWIPC"]
    assert found[0].title == "Insurance Policy - Two Wheeler"
    assert len(found[0].issuers) == 16
    assert all("General Insurance" in issuer.name for issuer in found[0].issuers)


def test_insurance_alone_finds_every_kind_of_policy() -> None:
    titles = [one.title for one in WHOLE.search("insurance", limit=20)]

    assert len(titles) == 10
    assert all(title.startswith("Insurance Policy") for title in titles)


@pytest.mark.parametrize(
    ("text", "doctype", "issuer"),
    [
        ("karnataka income certificate", "INCER", "Revenue Department, Karnataka"),
        ("income certificate karnatka", "INCER", "Revenue Department, Karnataka"),
        ("UP domicile", "DMCER", "Revenue Department, Uttar Pradesh"),
        ("cbse 10th marksheet", "SSCER", "Central Board of Secondary Education"),
        ("nios 12 marksheet", "HSCER", "National Institute of Open Schooling"),
        ("neem bike insurance", "TWIPC", "Specimen Neem General Insurance Co. Ltd."),
    ],
)
def test_words_of_an_issuers_name_choose_it(text: str, doctype: str, issuer: str) -> None:
    first = WHOLE.search(text)[0]

    assert first.doctype == doctype
    assert [one.name for one in first.issuers] == [issuer]


def test_an_issuer_alone_finds_what_it_issues() -> None:
    found = WHOLE.search("cbse", limit=20)

    assert {"SSCER", "HSCER", "NTMKS"} <= {one.doctype for one in found}
    assert all(one.issuers[0].issuer_id == "in.gov.cbse" for one in found)


def test_what_was_understood_already_comes_first_whatever_the_language() -> None:
    assert [one.doctype for one in WHOLE.search("ड्राइविंग लाइसेंस", ["DRVLC"])] == ["DRVLC"]
    assert WHOLE.search("insurance", ["PANCR", "XXXXX"])[0].doctype == "PANCR"


@pytest.mark.parametrize("text", ["", "  ", "the document please", "qwertyuiop", "🙂", "9" * 400])
def test_a_text_that_names_nothing_finds_nothing(text: str) -> None:
    assert WHOLE.search(text) == ()


def test_no_more_are_found_than_asked_for() -> None:
    assert len(WHOLE.search("certificate", limit=3)) == 3


@given(st.text(max_size=500))
def test_any_text_can_be_searched_for(text: str) -> None:
    assert len(WHOLE.search(text, limit=4)) <= 4


def test_the_commonest_name_of_a_type_is_shown_and_the_others_are_found_too() -> None:
    names = ["Birth Record", "Extract of Births", "Birth Record"]
    issuers = [Issuer(str(number), "", f"Town {number}") for number in range(3)]
    directory = Directory(
        (Offer(one, (DocumentType("BRCER", name),)) for one, name in zip(issuers, names, strict=True)), NOW
    )

    (found,) = directory.search("extract")

    assert (found.title, found.issuers) == ("Birth Record", tuple(issuers))


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("licence", "licence", 0),
        ("licence", "licenec", 1),
        ("licence", "licnse", 2),
        ("caste", "cast", 1),
        ("a", "z", 1),
    ],
)
def test_letters_that_differ_are_counted(left: str, right: str, expected: int) -> None:
    assert distance(left, right, 2) == distance(right, left, 2) == expected


def test_words_that_differ_more_are_not_counted_out() -> None:
    assert distance("marksheet", "insurance", 2) == 3
    assert distance("pan", "passing", 2) == 3


def test_synonyms_and_spellings_become_the_same_words() -> None:
    assert tokens("10th Mark-Sheet") == tokens("Class X marksheet") == ["classx", "marksheet"]
    assert tokens("Bike Policy") == tokens("Insurance Policy - Two Wheeler")[::-1] == ["twowheeler", "insurance"]


# --- kept as bytes


def test_it_reads_back_as_it_was_written() -> None:
    again = Directory.from_bytes(WHOLE.to_bytes())

    assert again is not None
    assert (again.offers, again.listed_at) == (WHOLE.offers, WHOLE.listed_at)


@pytest.mark.parametrize("content", [b"", b"no gzip", WHOLE.to_bytes()[:-20], WHOLE.to_bytes()[:200]])
def test_what_cannot_be_read_counts_as_nothing(content: bytes) -> None:
    assert Directory.from_bytes(content) is None


# --- fetching

ISSUERS = tuple(Issuer(f"{number:03d}", f"in.gov.n{number}", f"Office {number}") for number in range(20))


class Scripted(PullClient):
    """A DigiLocker with twenty issuers; what is listed under `down` fails, and each answer may take time off."""

    def __init__(self, issuers: tuple[Issuer, ...] = ISSUERS) -> None:
        super().__init__(DigiLockerClient("https://digilocker.example", "1.x", lambda: "id", lambda: "secret"))
        self.listed = issuers
        self.down: set[str] = set()
        self.failure: DigiLockerError | None = None
        self.asked: list[str] = []
        self.lists = 0

    def issuers(self, seconds: float) -> tuple[Issuer, ...]:
        assert seconds > 0
        self.lists += 1
        if self.failure is not None:
            raise self.failure
        return self.listed

    def document_types(self, org_id: str, seconds: float) -> tuple[DocumentType, ...]:
        assert seconds > 0
        self.asked.append(org_id)
        if org_id in self.down or self.failure is not None:
            raise self.failure or Unreachable("(no answer)")
        return (DocumentType("PECER", "Pension Certificate"),)


class Shelf:
    """A store in memory."""

    def __init__(self) -> None:
        self.content: bytes | None = None
        self.free = True
        self.claims = 0

    def read(self) -> bytes | None:
        return self.content

    def write(self, content: bytes) -> None:
        self.content = content

    def claim(self, seconds: float) -> bool:
        assert seconds > 45  # longer than an invocation
        self.claims += 1
        return self.free


class Time:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def issuers_of_pecer(directory: Directory) -> tuple[Issuer, ...]:
    return tuple(offer.issuer for offer in directory.offers if "PECER" in {one.doctype for one in offer.types})


def test_all_issuers_are_asked_once() -> None:
    digilocker = Scripted()

    directory = fetch(digilocker, None, 30, lambda: NOW)

    assert sorted(digilocker.asked) == [one.org_id for one in ISSUERS]
    assert [offer.issuer for offer in directory.offers] == list(ISSUERS)
    assert issuers_of_pecer(directory) == ISSUERS
    assert not directory.is_due(NOW + DAY - 1)
    assert directory.is_due(NOW + DAY)


def test_without_time_for_the_types_the_list_is_kept_and_the_rest_is_due() -> None:
    digilocker = Scripted()

    directory = fetch(digilocker, None, 0.5, lambda: NOW)

    assert digilocker.asked == []
    assert len(directory.unasked()) == 20
    assert directory.is_due(NOW)


def test_it_goes_on_where_it_stopped() -> None:
    digilocker = Scripted()
    digilocker.down = {"003", "007"}
    first = fetch(digilocker, None, 30, lambda: NOW)
    assert {offer.issuer.org_id for offer in first.unasked()} == digilocker.down
    digilocker.down, digilocker.asked = set(), []

    second = fetch(digilocker, first, 30, lambda: NOW + 60)

    assert sorted(digilocker.asked) == ["003", "007"]
    assert digilocker.lists == 1
    assert second.unasked() == ()


def test_an_issuer_that_fails_keeps_what_was_known_of_it_and_one_that_is_gone_goes() -> None:
    digilocker = Scripted()
    first = fetch(digilocker, None, 30, lambda: NOW)
    digilocker.down, digilocker.listed = {"003"}, ISSUERS[:10]

    second = fetch(digilocker, first, 30, lambda: NOW + DAY)

    assert issuers_of_pecer(second) == ISSUERS[:10]
    assert [offer.issuer.org_id for offer in second.unasked()] == ["003"]


def test_a_digilocker_that_is_down_is_not_asked_for_every_issuer() -> None:
    digilocker = Scripted()
    digilocker.down = {one.org_id for one in ISSUERS}

    fetch(digilocker, None, 30, lambda: NOW, workers=1)

    assert len(digilocker.asked) == 5


# --- from memory, from the shared copy, from DigiLocker


def test_it_is_fetched_once_a_day_and_shared() -> None:
    digilocker, shelf, time = Scripted(), Shelf(), Time()
    source = DirectorySource(digilocker, shelf, time)

    assert len(source.current(30).offers) == 20
    assert len(DirectorySource(digilocker, shelf, time).current(30).offers) == 20
    time.now += DAY - 1
    source.current(30)
    assert digilocker.lists == 1
    time.now += 1
    source.current(30)
    assert digilocker.lists == 2


def test_what_another_has_fetched_is_used() -> None:
    digilocker, shelf, time = Scripted(), Shelf(), Time()
    here, there = DirectorySource(digilocker, shelf, time), DirectorySource(digilocker, shelf, time)
    here.current(30)
    there.current(30)
    time.now += DAY
    there.current(30)

    assert here.current(30).listed_at == NOW + DAY
    assert digilocker.lists == 2


@pytest.mark.parametrize(
    "failure", [Unreachable("(no answer)"), Busy("unexpected_error"), ClientRefused("blocked_now")]
)
def test_when_digilocker_is_down_the_copy_is_used_however_old(failure: DigiLockerError) -> None:
    digilocker, shelf, time = Scripted(), Shelf(), Time()
    DirectorySource(digilocker, shelf, time).current(30)
    time.now += 30 * DAY
    digilocker.failure = failure

    assert issuers_of_pecer(DirectorySource(digilocker, shelf, time).current(30)) == ISSUERS


def test_while_another_fetches_the_old_copy_is_used_and_digilocker_not_asked() -> None:
    digilocker, shelf, time = Scripted(), Shelf(), Time()
    source = DirectorySource(digilocker, shelf, time)
    source.current(30)
    time.now += DAY
    shelf.free = False

    assert source.current(30).listed_at == NOW
    assert digilocker.lists == 1


def test_without_any_copy_the_failure_is_told() -> None:
    digilocker, shelf = Scripted(), Shelf()
    digilocker.failure = Unreachable("(no answer)")
    with pytest.raises(Unreachable):
        DirectorySource(digilocker, shelf, Time()).current(30)

    shelf.free = False
    with pytest.raises(DirectoryNotReady) as caught:
        DirectorySource(digilocker, shelf, Time()).current(30)
    assert caught.value.problem is Problem.BUSY


def test_a_copy_that_cannot_be_read_is_fetched_anew() -> None:
    digilocker, shelf = Scripted(), Shelf()
    shelf.content = b"something else"

    assert len(DirectorySource(digilocker, shelf, Time()).current(30).offers) == 20


def test_what_is_cached_is_given_without_a_call() -> None:
    digilocker, shelf, time = Scripted(), Shelf(), Time()
    source = DirectorySource(digilocker, shelf, time)
    assert source.cached() is None
    source.current(30)
    time.now += 3 * DAY

    cached = source.cached()

    assert cached is not None
    assert cached.listed_at == NOW
    assert (digilocker.lists, shelf.claims) == (1, 1)


# --- in S3


@pytest.fixture
def cloud(moto: None) -> Aws:
    return aws()


@pytest.fixture
def store(cloud: Aws) -> Callable[[Callable[[], float]], DirectoryStore]:
    def make(clock: Callable[[], float]) -> DirectoryStore:
        environment = cloud.environment
        return DirectoryStore(cloud.client("s3"), environment["DOCUMENTS_BUCKET"], environment["DATA_KEY_ARN"], clock)

    return make


def test_a_copy_is_kept_encrypted_and_read_back(cloud: Aws, store: Any) -> None:
    kept = store(lambda: NOW)
    assert kept.read() is None

    kept.write(b"content")

    assert kept.read() == b"content"
    head = cloud.client("s3").head_object(Bucket=cloud.environment["DOCUMENTS_BUCKET"], Key="directory/issuers.json.gz")
    assert head["ServerSideEncryption"] == "aws:kms"


def test_one_at_a_time_is_told_to_fetch(store: Any) -> None:
    time = Time()
    assert store(time).claim(60)
    assert not store(time).claim(60)
    time.now += 60
    assert store(time).claim(60)
    assert not store(time).claim(60)


def test_a_claim_that_cannot_be_read_stops_nobody(cloud: Aws, store: Any) -> None:
    cloud.client("s3").put_object(Bucket=cloud.environment["DOCUMENTS_BUCKET"], Key="directory/claim.json", Body=b"[]")

    assert store(Time()).claim(60)


def test_a_claim_that_another_makes_at_the_same_moment_wins(
    cloud: Aws, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = store(Time())
    assert store(Time()).claim(60)
    monkeypatch.setattr(late, "_get", lambda _: None)  # it looked before the other had written

    assert not late.claim(60)


def test_it_comes_through_the_bucket_whole(store: Any) -> None:
    digilocker, time = Scripted(), Time()
    DirectorySource(digilocker, store(time), time).current(30)

    assert issuers_of_pecer(DirectorySource(digilocker, store(time), time).current(30)) == ISSUERS
    assert digilocker.lists == 1
