"""How fast the directory of issuers is searched, and how much memory it takes.

PYTHONPATH=layers/helpdesk .venv/bin/python -m tests.benchmarks.directory

3,000 issuers and 20,000 types of documents, each with a name of its own, besides the well-known types that hundreds
issue: more than any directory that has been reported. Wanted: a search below 50 ms, less than 100 MB in all.
"""

import random
import string
import time
import tracemalloc

from helpdesk.digilocker.directory import Directory, Offer
from helpdesk.digilocker.models import DocumentType, Issuer

ISSUERS, TYPES = 3_000, 20_000
COMMON = (
    *(("PANCR", "PAN Verification Record"), ("DRVLC", "Driving License"), ("RVCER", "Registration of Vehicles")),
    *(("SSCER", "Class X Marksheet"), ("SPCER", "Class X Passing Certificate"), ("HSCER", "Class XII Marksheet")),
    *(("TWIPC", "Insurance Policy - Two Wheeler"), ("CRIPC", "Insurance Policy - Car")),
    *(("HLIPC", "Insurance Policy - Health"), ("INCER", "Income Certificate"), ("CSCER", "Caste Certificate")),
)
QUERIES = (
    *("bike insurance", "PAN", "driving licence", "10th marksheet", "karnataka income certificate"),
    *("drivng lisense", "insurence polcy two weeler", "certificate", "state board certificate marksheet department"),
    *("qwertyuiop asdfghjkl zxcvbnmqw poiuytrewq lkjhgfdsa mnbvcxzlk qazwsxedc rfvtgbyhn",),
)


def made_up(issuers: int = ISSUERS, doctypes: int = TYPES) -> Directory:
    """Return the same directory of so many issuers and types each time."""
    chance = random.Random(1)  # noqa: S311 - made-up names, not secrets
    syllables = [a + b for a in "bcdghjklmnprstvy" for b in ("a", "e", "i", "o", "u", "an", "ar", "in")]
    words = ["".join(chance.choices(syllables, k=chance.randint(2, 4))) for _ in range(12_000)]
    usual = ("certificate", "marksheet", "licence", "registration", "policy", "permit", "receipt", "card")
    letters = chance.choices(string.ascii_uppercase, k=5 * doctypes)
    codes = ["".join(five) for five in zip(*[iter(letters)] * 5, strict=True)]
    types = [
        DocumentType(doctype, f"{chance.choice(words)} {chance.choice(words)} {chance.choice(usual)}".title())
        for doctype in codes
    ]
    common = [DocumentType(*one) for one in COMMON]
    kinds = ("Board of Education", "State Department", "General Insurance Co. Ltd.", "University", "Municipal Council")
    offers = []
    for number in range(issuers):
        own = types[number * doctypes // issuers : (number + 1) * doctypes // issuers]
        name = f"{chance.choice(words)} {chance.choice(words)} {chance.choice(kinds)}".title()
        if number % 100 == 0:
            name += ", Karnataka"
        issuer = Issuer(f"{number:06d}", f"in.gov.made.up{number}", name, "State Government")
        offers.append(Offer(issuer, (*own, *chance.sample(common, 4)), 1.0))
    return Directory(offers, 1.0)


def milliseconds(began: int) -> float:
    """Return how long it is since then, in CPU time."""
    return (time.process_time_ns() - began) / 1e6


def figures() -> dict[str, float]:
    """Measure: bytes, milliseconds of CPU time, megabytes."""
    content = made_up().to_bytes()
    began = time.process_time_ns()
    directory = Directory.from_bytes(content)
    if directory is None:
        raise SystemExit("what was written cannot be read")
    read = milliseconds(began)
    began = time.process_time_ns()
    directory.search("PAN")
    indexed = milliseconds(began)
    searched = {query: searching(directory, query) for query in QUERIES}
    tracemalloc.start()
    again = Directory.from_bytes(content)
    if again is not None:
        again.search("PAN")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {
        "kept_bytes": len(content),
        "read_ms": read,
        "index_ms": indexed,
        "slowest_search_ms": max(searched.values()),
        "memory_mb": peak / 1e6,
    }


def searching(directory: Directory, query: str) -> float:
    """Return the least CPU time of fifteen searches, in milliseconds."""
    times = []
    for _ in range(15):
        began = time.process_time_ns()
        directory.search(query)
        times.append(milliseconds(began))
    return min(times)


def main() -> None:
    """Print the figures."""
    for name, value in figures().items():
        print(f"{name:20} {value:12,.1f}")
    directory = made_up()
    for query in QUERIES:
        found = directory.search(query)
        print(f"{query[:48]!r} -> {found[0].title if found else '(nothing)'}")


if __name__ == "__main__":
    main()
