"""Aadhaar numbers and VIDs that belong to nobody: the Verhoeff check digit and UIDAI's published test numbers."""

UIDAI_TEST_NUMBERS = (
    "999999990019",
    "999941057058",
    "999971658847",
    "999933119405",
    "999955183433",
    "999990501894",
)


def _multiply(left: int, right: int) -> int:
    """Multiply in the dihedral group of order 10, on which Verhoeff's code rests: 0-4 rotate, 5-9 reflect."""
    if left < 5:
        return (left + right) % 5 if right < 5 else (left + right - 5) % 5 + 5
    return (left - 5 - right) % 5 + 5 if right < 5 else (left - right) % 5


def _permutations() -> list[list[int]]:
    first = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
    rows = [list(range(10))]
    for _ in range(7):
        rows.append([first[digit] for digit in rows[-1]])
    return rows


_PERMUTATIONS = _permutations()


def _checksum(digits: str) -> int:
    total = 0
    for position, digit in enumerate(reversed(digits)):
        total = _multiply(total, _PERMUTATIONS[position % 8][int(digit)])
    return total


def is_valid(number: str) -> bool:
    """Return whether a number of ASCII digits ends in its Verhoeff check digit."""
    return number.isascii() and number.isdigit() and _checksum(number) == 0


def with_check_digit(digits: str) -> str:
    """Return the digits with their Verhoeff check digit behind them."""
    return next(number for number in (f"{digits}{last}" for last in range(10)) if is_valid(number))


def made_up_number(index: int) -> str:
    """Return a 12-digit number of the 9999... test range, the same for the same index."""
    return with_check_digit(f"9999{index:07d}")


def made_up_vid(index: int) -> str:
    """Return a 16-digit virtual id, the same for the same index."""
    return with_check_digit(f"9{index:014d}")
