"""Changed texts are written into transcripts; other changes are refused."""

import pytest

from tools.transcripts import Played, RefusedError, Shown, updated

CONTENT = """\
about: Asking
citizen: Asha Verma
chat:
  - she: Hi
  - desk: "Welcome. … Tap a button. [Yes] [No]"
  # She agrees.
  - she: "[Yes]"
  - desk: |
      Fine.
"""
ASKED = Shown("Welcome.\n\nHere it is.\nTap a button.\n[Yes] [No]", ("yes", "no"), ("Yes", "No"))
BEFORE = Played([[ASKED], [], [Shown("Fine.", (), ())], []], {2: "yes"})


def after(*asked: Shown, last: str = "Fine.") -> Played:
    return Played([list(asked), [], [Shown(last, (), ())], []], {2: "yes"})


def test_texts_and_titles_are_brought_up_to_date_and_what_was_left_out_stays_left_out() -> None:
    asked = Shown("Hello.\n\nHere you are.\nTap one.\n[I do] [No]", ("yes", "no"), ("I do", "No"))
    assert updated(CONTENT, BEFORE, after(asked, last="Good.\nGo on.")) == CONTENT.replace(
        '"Welcome. … Tap a button. [Yes] [No]"', "|\n      Hello. …\n      Tap one.\n      [I do] [No]"
    ).replace("[Yes]", "[I do]").replace("Fine.", "Good.\n      Go on.")


def test_a_transcript_that_still_holds_stays_as_it_is() -> None:
    asked = Shown(ASKED.text.replace("Here it is", "Here you are"), ASKED.buttons, ASKED.titles)
    assert updated(CONTENT, BEFORE, after(asked)) == CONTENT


@pytest.mark.parametrize(
    "now",
    [
        after(Shown(ASKED.text, ("no", "yes"), ("No", "Yes"))),
        after(Shown(ASKED.text, ("yes",), ("Yes",))),
        after(ASKED, ASKED),
        after(),
        Played([], {}, "line 1: KeyError"),
    ],
)
def test_other_buttons_another_order_or_count_is_refused(now: Played) -> None:
    with pytest.raises(RefusedError):
        updated(CONTENT, BEFORE, now)


def test_a_line_that_was_wrong_before_the_change_too_is_refused() -> None:
    with pytest.raises(RefusedError, match="not right before"):
        updated(CONTENT.replace("Fine.", "Bad."), BEFORE, after(ASKED, last="Good."))
