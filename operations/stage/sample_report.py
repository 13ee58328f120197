"""Writes the sample of `make report`, with made-up figures, into docs/report.

Run it by `python -m operations.stage.sample_report`.
"""

from pathlib import Path

from operations.settings import ROOT
from operations.stage.month import Figures, Month, figures_of
from operations.stage.report import page, table

FOLDER = ROOT / "docs" / "report"
DESK = "a State's help desk"


def sample() -> Figures:
    """Return the figures of a made-up month: result day on the 12th, and a Sunday's quiet every week."""
    days = [1900 + 37 * day % 400 - (900 if day % 7 == 0 else 0) for day in range(30)]
    days[11], days[12], days[13] = 9_431, 6_212, 3_874
    documents = sum(days)
    kinds = {
        "Class 12 marksheet": 0.27,
        "Driving licence": 0.19,
        "PAN card": 0.16,
        "Class 10 marksheet": 0.11,
        "Vehicle RC": 0.1,
        "Aadhaar card": 0.07,
        "Two-wheeler policy": 0.03,
        "Class 12 pass cert.": 0.015,
    }
    languages = {"Hindi": 0.41, "English": 0.22, "Marathi": 0.12, "Bengali": 0.09, "Tamil": 0.06, "Telugu": 0.05}
    by_kind = {name: int(part * documents) for name, part in kinds.items()}
    by_language = {name: int(part * documents) for name, part in languages.items()}
    return figures_of(
        Month(2026, 6),
        kinds=by_kind | {"Car insurance": 9, "Other documents": documents - sum(by_kind.values()) - 9},
        languages=by_language | {"Assamese": 7, "Odia": 5, "Urdu": documents - sum(by_language.values()) - 12},
        causes={
            "The issuer's system did not answer": 2_914,
            "The OTP was wrong, too late or asked for too often": 1_730,
            "The issuer has no such document": 655,
            "DigiLocker did not answer, or was too busy": 412,
            "WhatsApp could not deliver it": 96,
            "The help desk itself": 4,
        },
        days=days,
        replies=5 * documents,
        seconds=(3.4, 11.2),
    )


def written() -> dict[Path, str]:
    """Return the files and what they hold."""
    figures = sample()
    return {FOLDER / "sample.html": page(figures, DESK, sample=True), FOLDER / "sample.csv": table(figures)}


if __name__ == "__main__":
    for path, content in written().items():
        path.write_text(content, encoding="utf-8")
        print(path.relative_to(ROOT))
