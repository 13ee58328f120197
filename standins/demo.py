"""`make demo`: the local stack, and one whole conversation in it, printed as a chat. Ends with the PDF's path."""

import os
import shutil
import sys
import textwrap
import time
import unicodedata

from standins.errors import StackError
from standins.local_stack import ROOT, LocalStack, Progress, citizens, stop_on_signals
from standins.phone import Bubble, NotAnsweredError, Phone

_FOLDER = ROOT / "build" / "demo"
_WIDTH = 56
# The first answer waits for the functions' cold start.
_PATIENCE = 30.0
_PDF = b"%PDF-"


class Terminal:
    """Draws the chat: the desk on the left, the citizen on the right. Colours only where somebody looks."""

    def __init__(self) -> None:
        self._colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._columns = max(_WIDTH + 4, min(shutil.get_terminal_size((90, 24)).columns, 90))

    def citizen(self, text: str) -> None:
        """Draw what she writes or taps."""
        self._draw(text.splitlines(), colour="32", right=True)

    def desk(self, bubble: Bubble) -> None:
        """Draw an answer, with what can be tapped below it."""
        lines = [f"▤ {bubble.filename}"] if bubble.filename else []
        lines += bubble.text.splitlines()
        if bubble.buttons:
            lines += ["", "  ".join(f"[ {title} ]" for title in bubble.buttons)]
        if bubble.list_button:
            lines += ["", f"[ ☰ {bubble.list_button} ]"]
        self._draw(lines, colour="36", right=False)

    def note(self, text: str) -> None:
        """Say what happens beside the chat."""
        print(f"\n{self._paint(f'· {text} ·'.center(self._columns), '2')}", flush=True)

    def _draw(self, lines: list[str], *, colour: str, right: bool) -> None:
        wrapped = [part for line in lines for part in textwrap.wrap(line, _WIDTH) or [""]]
        width = max(_columns_of(line) for line in wrapped)
        indent = " " * (self._columns - width - 4 if right else 0)
        print()
        print(f"{indent}{self._paint(f'╭{"─" * (width + 2)}╮', colour)}")
        edge = self._paint("│", colour)
        for line in wrapped:
            print(f"{indent}{edge} {line}{' ' * (width - _columns_of(line))} {edge}")
        print(f"{indent}{self._paint(f'╰{"─" * (width + 2)}╯', colour)}", flush=True)

    def _paint(self, text: str, colour: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._colours else text


def _columns_of(text: str) -> int:
    """How wide a terminal draws it: Indian scripts have marks that take no column of their own."""
    return sum(
        0 if unicodedata.category(letter) in {"Mn", "Me", "Cf"} else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )


def converse(stack: LocalStack, terminal: Terminal) -> str:
    """Have the whole conversation. Returns the PDF's path, from the project's folder. Raises NotAnsweredError."""
    citizen = citizens(stack.chat_url)[0]
    phone = Phone(stack.chat_url, citizen["phone"], citizen["mobile"])
    phone.catch_up()

    def say(text: str, shown: str | None = None) -> None:
        terminal.citizen(shown or text)
        phone.say(text)

    def tap(title: str) -> None:
        terminal.citizen(f"▸ {title}")
        phone.tap(title)

    def answer(*words: str) -> Bubble:
        bubble = phone.expect(*words, within=_PATIENCE)
        terminal.desk(bubble)
        return bubble

    try:
        say("Hi")
        answer("DigiLocker Services")
        tap("DigiLocker Services")
        answer("Yes", "No")
        tap("Yes")
        answer("I agree")
        tap("I agree")
        answer("Aadhaar")
        say(citizen["aadhaar"])
        otp = phone.otp(within=_PATIENCE)
        answer("OTP")
        terminal.note(f"an SMS comes to {phone.mobile}: the OTP is {otp}")
        say(otp)
        answer("1.", "2.")
        say("2")
        delivered = answer(".pdf")
        content = phone.document(delivered, within=_PATIENCE)
        tap("Other documents")
        answer("1.", "2.")
        tap("Done")
        answer()
    finally:
        phone.close()

    if not content.startswith(_PDF):
        raise NotAnsweredError(f"what came is no PDF: it starts with {content[:8]!r}")
    _FOLDER.mkdir(parents=True, exist_ok=True)
    path = _FOLDER / "".join(letter if letter.isalnum() or letter in " .-_" else "_" for letter in delivered.filename)
    # At once: a demo beside this one may be writing a document of the same name.
    written = path.with_name(f"{os.getpid()}-{path.name}")
    written.write_bytes(content)
    written.replace(path)
    return str(path.relative_to(ROOT))


def _errors(stack: LocalStack) -> str:
    lines = [
        f"  {name}: {line}"
        for name in ("WebhookFunction", "DocumentFunction")
        for line in stack.function_logs(name)
        if '"level":"ERROR"' in line or line.startswith((" ", "Traceback")) or "Error:" in line
    ]
    return "\n".join(lines[-40:]) or "  (none)"


def main() -> int:
    """Run it once. Returns 0, or 1 when a step was not answered."""
    progress = Progress()
    with stop_on_signals():
        try:
            print("Starting the help desk on this machine", flush=True)
            with LocalStack(tell=progress) as stack:
                began = time.monotonic()
                try:
                    path = converse(stack, Terminal())
                except (NotAnsweredError, LookupError) as error:
                    print(f"\n{error}\n\nErrors in the functions' logs:\n{_errors(stack)}", file=sys.stderr)
                    return 1
                print(f"\nThe conversation took {time.monotonic() - began:.0f} s. The document:\n{path}", flush=True)
        except KeyboardInterrupt:
            progress.broken_off()
            print("\nStopped.")
            return 130
        except StackError as error:
            progress.broken_off()
            print(f"\n{error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
