import pytest

from helpdesk.conversation.numbers import Fault, digit_groups, identity_fault, verhoeff
from standins.digilocker.aadhaar import UIDAI_TEST_NUMBERS


@pytest.mark.parametrize("number", UIDAI_TEST_NUMBERS)
def test_uidais_published_test_numbers_are_well_formed(number: str) -> None:
    assert identity_fault(number) is None


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("655675523712", Fault.CHECKSUM),
        ("898989898989", Fault.CHECKSUM),
        ("123456789012", Fault.FIRST_DIGIT),
        ("012345678901", Fault.FIRST_DIGIT),
        ("99999999001", Fault.LENGTH),
        ("9999999900190", Fault.LENGTH),
    ],
)
def test_a_number_that_cannot_be_one_says_why(number: str, fault: Fault) -> None:
    assert identity_fault(number) is fault


@pytest.mark.parametrize("number", UIDAI_TEST_NUMBERS)
def test_verhoeff_finds_every_single_wrong_digit_and_every_swap_of_neighbours(number: str) -> None:
    for position, right in enumerate(number):
        for wrong in set("0123456789") - {right}:
            assert not verhoeff(number[:position] + wrong + number[position + 1 :])
    for position in range(len(number) - 1):
        left, right = number[position], number[position + 1]
        if left != right:
            assert not verhoeff(number[:position] + right + left + number[position + 2 :])


@pytest.mark.parametrize(
    "text",
    [
        "999999990019",
        "9999 9999 0019",
        "9999-9999-0019",
        "9999\u00a09999\u20110019",
        "९९९९ ९९९९ ००१९",
        "৯৯৯৯৯৯৯৯০০১৯",
        "௯௯௯௯ ௯௯௯௯ ௦௦௧௯",
        "۹۹۹۹ ۹۹۹۹ ۰۰۱۹",
        "my number: 9999 9999 0019.",
        "\u200f۹۹۹۹۹۹۹۹۰۰۱۹\u200f",
    ],
)
def test_digits_are_found_in_any_script_and_spacing(text: str) -> None:
    (group,) = digit_groups(text)
    assert group.digits == "999999990019"


def test_separate_numbers_stay_separate() -> None:
    assert [group.digits for group in digit_groups("2, 3 and 12")] == ["2", "3", "12"]


def test_the_repr_of_a_number_does_not_show_it() -> None:
    assert "9999" not in repr(digit_groups("9999 9999 0019"))
