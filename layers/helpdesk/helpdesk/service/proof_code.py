"""The one-time code that shows that chat and browser belong to the same person.

It follows from the link's `state` and DigiLocker's code, neither of which can be guessed: so whoever opens the page
again sees the same one, and nothing but its hash has to be kept.
"""

import hashlib
import re

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, O, 1 and I, which look alike."""
_FORM = re.compile(r"\W*DL\W*([2-9A-HJ-NP-Z]{4})\W*([2-9A-HJ-NP-Z]{4})\W*", re.IGNORECASE)
_WITHIN = re.compile(r"\bDL\W*([2-9A-HJ-NP-Z]{4})\W*([2-9A-HJ-NP-Z]{4})\b", re.IGNORECASE)
_AS_SHOWN = re.compile(r"\s*DL-([2-9A-HJ-NP-Z]{4})-([2-9A-HJ-NP-Z]{4})\W*", re.IGNORECASE)
"""As the page writes it: anything else, where it is not asked for, may be a vehicle's number."""


def proof_of(state: str, code: str) -> str:
    """Return the code: `DL-`, then twice four letters or digits."""
    digest = hashlib.sha256(f"proof\n{state}\n{code}".encode()).digest()
    letters = "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:8])
    return f"DL-{letters[:4]}-{letters[4:]}"


def read_proof(text: str, *, is_asked: bool = True) -> str | None:
    """Return the code in a text, from its letters and digits; where it is not asked for, only as the page writes it."""
    match = (_FORM.fullmatch(text) or _WITHIN.search(text)) if is_asked else _AS_SHOWN.fullmatch(text)
    return f"DL-{match[1]}-{match[2]}".upper() if match else None


def proof_mark(proof: str) -> str:
    """Return what stands for a code where it is kept."""
    return hashlib.sha256(f"proof mark\n{proof}".encode()).hexdigest()[:32]
