"""More laws: what the desk promises about limits, ends, languages, links and secrets."""

import base64
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from helpdesk.languages.catalogue import catalogue, catalogues
from tests.simulation.acts import PEOPLE
from tests.simulation.auditor import (
    DAY,
    HOUR,
    KEPT_SECONDS,
    MINUTE,
    SLACK_SECONDS,
    Ledger,
    _most,
    is_stop,
    law,
    says,
)
from tests.world.record import (
    Asked,
    Browsed,
    Faulted,
    Posted,
    Received,
    Refused,
    Rested,
    Returned,
    Shut,
    Texted,
    Worked,
    Wrote,
)

LINK_SECONDS = 600
"""How long a link to DigiLocker's page can be used."""
OTP_SECONDS = 600
WAIT_SECONDS = 30
"""How long an answer may take where nothing goes wrong: a lost race is run again."""
_GREETINGS = frozenset({"hi", "hello", "namaste", "digilocker"})


# --- who is told, and when --------------------------------------------------------------------------------------------


@law
def a_message_goes_to_whom_it_is_for(ledger: Ledger) -> Iterator[str]:
    """What a conversation says comes to its own phone."""
    for event in ledger.all(Received):
        line = ledger.line_of.get(event.cause.partition(":")[0], event.line)
        if line != event.line:
            yield f"{event.line[-2:]} got what is for {line[-2:]}"


@law
def a_message_is_whole(ledger: Ledger) -> Iterator[str]:
    """No place for a value is left in it."""
    for event in ledger.all(Received):
        if found := re.search(r"\{\w+\}", event.text):
            yield f"{event.line[-2:]} was told {found[0]}"


@law
def who_asked_for_silence_hears_nothing(ledger: Ledger) -> Iterator[str]:
    """After *Stop* nothing comes until she greets, which an older greeting does not do, however late it comes.

    Who is told to wait for minutes is not told anything meanwhile.
    """
    stopped: dict[str, tuple[int, Wrote]] = {}
    greeted: dict[str, int] = {}
    paused: dict[str, tuple[float, float]] = {}
    for place, event in enumerate(ledger.record):
        match event:
            case Wrote(line=line, kind=kind, sent_at=sent_at):
                greets = event.text.casefold().strip() in _GREETINGS or event.tapped.startswith("greeting")
                if kind == "system":
                    paused.pop(line, None)
                if kind == "system" or greets:
                    greeted[line] = int(event.at if kind == "system" else sent_at)
                    if line in stopped and greeted[line] >= int(stopped[line][1].sent_at):
                        del stopped[line]
            case Posted(status=200, messages=messages):
                for wrote in (ledger.wrote[one] for one in messages if ledger.first_posted[one] == place):
                    if is_stop(wrote) and greeted.get(wrote.line, 0) < int(wrote.sent_at):
                        stopped[wrote.line] = place, wrote
            case Received(line=line):
                cause = ledger.cause(event)
                posted, stop = stopped.get(line, (place, None))
                if stop and event.at - stop.at > KEPT_SECONDS - SLACK_SECONDS:
                    del stopped[line]  # forgotten, as all else
                elif stop and not says(event.text, "stop.done") and ledger.asked_at(event) > posted:
                    yield f"{line[-2:]} asked for no more messages, and was told {event.text[:40]!r}"
                since, until = paused.get(line, (0.0, 0.0))
                if cause and since < cause.at and event.at < until and not _ends(event):
                    yield f"{line[-2:]} was told to wait, and then {event.text[:40]!r}"
                for key, seconds in (("pause.minutes", MINUTE), ("pause.hours", HOUR)):
                    if cause and (found := says(event.text, key)):  # else nobody knows from when it counts
                        amount = int(next(group for group in found.groups() if group))
                        at = ledger.caused_at(event)
                        paused[line] = at, at + (amount - 1) * seconds


def _ends(event: Received) -> bool:
    return bool(says(event.text, "pause.minutes") or says(event.text, "pause.hours"))


@law
def nobody_waits_for_somebody_else(ledger: Ledger) -> Iterator[str]:
    """Where nothing goes wrong around a line, its answers come at once, whatever becomes of others."""
    if ledger.setup.rush:
        return
    disturbed: list[tuple[float, str]] = []
    for event in ledger.record:
        match event:
            case Shut(at=at, seconds=seconds):
                disturbed.append((at + seconds, ""))
            case Faulted(at=at, conversation=conversation, kind=kind):
                disturbed.append((at, "" if kind == "late" else ledger.line_of.get(conversation, "")))
            case Received(line=line, at=at) if cause := ledger.cause(event):
                waited = at - ledger.caused_at(event)
                if waited > WAIT_SECONDS and not any(
                    since > at - waited - HOUR and of in {line, ""} for since, of in disturbed
                ):
                    yield f"{line[-2:]} waited {waited:.0f} s for the answer to {cause.text or cause.tapped!r}"


@law
def what_comes_too_late_is_not_acted_on(ledger: Ledger) -> Iterator[str]:
    """DigiLocker is asked for nothing that somebody wrote too long ago."""
    most = ledger.number("MAX_MESSAGE_AGE_SECONDS") + 1
    for event in ledger.all(Asked):
        if event.endpoint == "revoke":  # *Stop* is heard however late it comes
            continue
        job = json.loads(event.step or "{}")
        message = ledger.message_of.get((job.get("conversation", ""), job.get("step", "")), "")
        wrote = ledger.wrote.get(message)
        if wrote and (age := ledger.record[ledger.first_posted[message]].at - wrote.sent_at) > most:
            yield f"{event.endpoint} was asked for what {wrote.line[-2:]} wrote {age:.0f} s before"


@law
def her_language_stays_while_she_only_taps(ledger: Ledger) -> Iterator[str]:
    """Buttons are in the language of the message before, unless she typed something, or chose a language, between.

    Whose number has changed is somebody else from then on, with what was under way before still to come.
    """
    before: dict[str, tuple[int, float, set[str]]] = {}
    changed: dict[str, int] = {}
    for place, event in enumerate(ledger.record):
        match event:
            case Posted(messages=messages):
                for wrote in map(ledger.wrote.__getitem__, messages):
                    if wrote.kind == "system":
                        changed[wrote.line] = len(ledger.record)
                    elif wrote.kind != "interactive" or wrote.tapped.startswith("speak"):
                        changed[wrote.line] = max(place, changed.get(wrote.line, -1))
            case Received(line=line, text=text):
                spoken = _languages(event)
                cause = ledger.cause(event)
                since, at, earlier = before.pop(line, (-1, 0.0, set[str]()))
                if changed.get(line, -1) <= since and event.at - at < KEPT_SECONDS - HOUR and not earlier & spoken:
                    yield f"{line[-2:]} is told {text[:40]!r}, and was told something in {', '.join(earlier)}"
                if cause and not says(text, "delete.done"):
                    before[line] = ledger.queued_at[cause.message], event.at, spoken


def _languages(received: Received) -> set[str]:
    """Return the languages that all buttons of a message belong to."""
    spoken = {language.code for language in catalogues()}
    for title, id_ in received.tappable.items():
        key = f"button.{id_.partition('@')[0].partition('#')[0]}"
        of = {language.code for language in catalogues() if language.texts.get(key) == title}
        spoken &= of or spoken
    return spoken


@law
def the_language_is_hers(ledger: Ledger) -> Iterator[str]:
    """The language that she taps is spoken; and who was silent for longer than anything is kept is a stranger."""
    heard: dict[str, float] = {}
    silent_for: dict[str, float] = {}
    for event in ledger.record:
        match event:
            case Wrote(line=line):
                if (silence := event.at - heard.get(line, event.at)) > KEPT_SECONDS:
                    silent_for[line] = silence
                heard[line] = event.at
            case Returned(line=line):
                heard[line] = event.at
            case Received(line=line):
                cause, silence = ledger.cause(event), silent_for.pop(line, 0)  # with the first answer she is known
                if cause is None:
                    continue
                code = cause.tapped.partition("#")[2] if cause.tapped.startswith("speak#") else ""
                changed = catalogue(code).texts["language.changed"] if code else ""
                if says(event.text, "language.changed") and changed not in event.text:
                    yield f"{line[-2:]} asked for {code}, and was told {event.text[:40]!r}"
                english = catalogue("en").texts["menu"]
                is_strange = silence > KEPT_SECONDS and cause.text in {"Hi", "Hello"}
                if is_strange and says(event.text, "menu") and english not in event.text:
                    yield f"{line[-2:]} was remembered after {silence / DAY:.0f} days"


@law
def nobody_is_asked_to_sign_in_before_the_consent(ledger: Ledger) -> Iterator[str]:
    """Who is sent an OTP has been told before what it is about; who signs in on the page has agreed on our own."""
    told: set[str] = set()
    agreed: set[str] = set()
    for event in ledger.record:
        match event:
            case Received(line=line, text=text):
                if says(text, "consent.ask") or says(text, "consent.sign_up"):
                    told.add(line)
            case Browsed(link=link, form="action=agree"):
                agreed.add(link.partition(".")[0])
            case Asked(endpoint="exchange", conversation=conversation) if conversation not in agreed:
                yield f"{ledger.line_of.get(conversation, '')[-2:]} was signed in without having agreed"
            case Texted(conversation=conversation):
                line = ledger.line_of.get(conversation, "")
                if line not in told:
                    yield f"{line[-2:]} was sent an OTP without having been asked"


@law
def whether_there_is_an_account_is_told_to_nobody(ledger: Ledger) -> Iterator[str]:
    """For a number without an account the same is said as for one with an account."""
    unknown: set[str] = set()
    for event in ledger.record:
        match event:
            case Asked(endpoint="otp", conversation=conversation, succeeded=False) if not ledger.troubled:
                unknown.add(f"{conversation}:{json.loads(event.step)['step']}")
            case Received(line=line, text=text, cause=cause) if cause in unknown:
                if not says(text, "otp.ask"):
                    yield f"{line[-2:]} was told of a number without an account: {text[:60]!r}"


# --- limits -----------------------------------------------------------------------------------------------------------


@law
def more_limits_hold(ledger: Ledger) -> Iterator[str]:
    """Numbers and OTPs that somebody tries in a day, tries of an OTP, pulls, links."""
    share = ledger.number("REPLIES_PER_CITIZEN_PER_DAY") / 100
    asked: dict[str, list[Asked]] = defaultdict(list)
    tries: Counter[tuple[str, str]] = Counter()
    pulls: dict[str, list[float]] = defaultdict(list)
    links: dict[str, list[float]] = defaultdict(list)
    made: set[str] = set()
    for event in ledger.record:
        match event:
            case Asked(endpoint="otp"):
                asked[event.conversation].append(event)
            case Asked(endpoint="redeem" | "verify sign-up"):
                tries[event.conversation, event.about.split()[0]] += 1
            case Asked(endpoint="pull"):
                pulls[event.conversation].append(event.at)
            case Received(link=link, line=line) if link and link not in made:
                made.add(link)
                links[line].append(ledger.caused_at(event))
    for conversation, events in asked.items():
        trouble = ledger.troubled[conversation]
        most = ledger.number("OTPS_PER_CITIZEN_PER_DAY") + trouble
        if (got := _most([one.at for one in events], DAY - SLACK_SECONDS)) > most:
            yield f"{got} OTPs were asked for within a day, where {most} are allowed"
        numbers = {one.about for one in events if one.at > events[-1].at - DAY + SLACK_SECONDS}
        if len(numbers) > ledger.number("NUMBERS_PER_CITIZEN_PER_DAY") + trouble:
            yield f"{len(numbers)} numbers were tried within a day"
    for (conversation, _), tried in tries.items():
        if tried > ledger.number("OTP_TRIES") + ledger.troubled[conversation]:
            yield f"an OTP was tried {tried} times"
    slack = SLACK_SECONDS if ledger.troubled or ledger.setup.trouble or ledger.setup.rush else 5
    for what, of, limits in (("pulls", pulls, (6, 12, 20)), ("links", links, (5, 10, 20))):
        for whose, times in of.items():
            extra = ledger.troubled[whose] if what == "pulls" else ledger.troubles(whose)
            for seconds, most in zip((MINUTE, HOUR, DAY), limits, strict=True):
                got = _most(times, seconds - slack) if seconds > slack else 0
                if got > max(1, int(most * share)) + extra:
                    yield f"{got} {what} within {seconds} s, where {max(1, int(most * share))} are allowed"


# --- ends -------------------------------------------------------------------------------------------------------------


@law
def what_has_ended_is_of_no_use(ledger: Ledger) -> Iterator[str]:
    """OTPs after their time, links after theirs, links that were used."""
    texted: dict[str, float] = {}
    offered: dict[str, float] = {}
    used: dict[str, int] = {}
    rests = 0
    for event in ledger.record:
        match event:
            case Texted(conversation=conversation) | Asked(endpoint="otp", conversation=conversation):
                texted[conversation] = event.at
            case Faulted(call="digilocker.request_device_code", conversation=conversation):
                texted[conversation] = event.at  # then she is told the same
            case Asked(endpoint="redeem" | "verify sign-up", conversation=conversation):
                age = event.at - texted.get(conversation, event.at)
                if age > OTP_SECONDS + SLACK_SECONDS:
                    yield f"an OTP was tried {age:.0f} s after it was sent"
            case Received(link=link) if link:
                offered[link.partition("s=")[2]] = event.at
            case Browsed(link=link, status=200) if event.at - offered.get(link, event.at) > LINK_SECONDS:
                yield f"a link opened after {event.at - offered[link]:.0f} s"
            case Returned(link=link, status=200):
                if event.at - offered.get(link, event.at) > LINK_SECONDS + SLACK_SECONDS:
                    yield f"a link brought back after {event.at - offered[link]:.0f} s"
                if used.setdefault(link, rests) < rests:
                    yield "a link brought back twice"
            case Rested():
                rests += 1


@law
def a_file_can_be_fetched_as_long_as_is_said(ledger: Ledger) -> Iterator[str]:
    """The link to a document dies in time; and a file that has arrived is gone."""
    seconds = ledger.number("LINK_EXPIRY_SECONDS")
    of = {event.message: event for event in ledger.all(Received) if event.filename}
    arrived: dict[str, str] = {}
    for event in ledger.record:
        match event:
            case Received(fetched_from=link, content=content) if link:
                if int(link.partition("expires=")[2]) > event.at + seconds + 1:
                    yield f"a link holds for {int(link.partition('expires=')[2]) - event.at:.0f} s"
                if content is None and not ledger.troubled:
                    yield "a link led nowhere"
            case Posted(status=200, reported=reported):
                for message, status in reported:
                    if message in of and status in {"delivered", "read"}:
                        arrived[of[message].cause.split(":")[1]] = of[message].line
            case Rested(objects=objects):
                for key in arrived.keys() & objects.keys():
                    if not ledger.troubles(arrived[key]) and not ledger.dead(arrived[key]):
                        yield f"a file of {arrived[key][-2:]} has arrived, and lies there still"


@law
def a_document_is_sent_again_only_if_it_failed(ledger: Ledger) -> Iterator[str]:
    """As a file where WhatsApp could not fetch it, or refused it; for no other reason."""
    failed: Counter[str] = Counter()
    again: Counter[str] = Counter()
    of = {event.message: event.line for event in ledger.all(Received) if event.filename}
    for event in ledger.record:
        match event:
            case Posted(reported=reported):
                failed.update(of[message] for message, status in reported if message in of and status == "failed")
            case Refused(line=line):
                failed[line] += 1
            case Received(line=line, filename=filename, by_link=False) if filename:
                again[line] += 1
                if again[line] > failed[line] + ledger.troubles(line):
                    yield f"{line[-2:]} got a document again that had not failed"


# --- secrets ----------------------------------------------------------------------------------------------------------


def _states(rested: Rested) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the states that are alive, by conversation."""
    for item in rested.items:
        if item["part"]["S"] == "state" and int(item["expires_at"]["N"]) > rested.at:
            yield item["conversation"]["S"], item


def _opened(sealed: str) -> str:
    """Return what the model of KMS has sealed."""
    value: str = json.loads(base64.b64decode(sealed.rpartition(".")[2]))[2]
    return value


@law
def nothing_is_under_way_at_rest(ledger: Ledger) -> Iterator[str]:
    """When all is done, no step is left in an outbox."""
    for rested in ledger.all(Rested):
        for conversation, item in _states(rested):
            line = ledger.line_of.get(conversation, "")
            told_by_page = any(one.line == line and one.status != 200 for one in ledger.all(Returned)) or any(
                one.link.startswith(conversation) and one.status in {None, 503} for one in ledger.all(Browsed)
            )
            tried = any(one.conversation == conversation and not one.done for one in ledger.all(Worked))
            comes_back = tried and rested.kind == "rest"  # a timer, in its time
            if item["outbox"]["M"] and not (told_by_page or comes_back or ledger.dead(line)):
                yield f"{len(item['outbox']['M'])} steps of {line[-2:]} are left undone"


@law
def nothing_sealed_outlives_its_step(ledger: Ledger) -> Iterator[str]:
    """Who is signed in needs no number, no code, and no details any more; who is not has no list."""
    for rested in ledger.all(Rested):
        signed_in = set()
        for conversation, item in _states(rested):
            names = set(json.loads(item["sealed"]["S"]))
            line = ledger.line_of.get(conversation, "")
            if "token" in names:
                signed_in.add(conversation)
                left = {name for name in names if not name.startswith("detail")}
                left -= {"token", "refresh", "shared", "sought"}
                if left:
                    yield f"{', '.join(sorted(left))} of {line[-2:]}, who is signed in, is still sealed"
        for item in rested.items:
            is_alive = int(item["expires_at"]["N"]) > rested.at
            if item["part"]["S"] == "documents" and is_alive and item["conversation"]["S"] not in signed_in:
                line = ledger.line_of.get(item["conversation"]["S"], "")
                yield f"there is a list of {line[-2:]}, who is not signed in"


@law
def what_is_sealed_names_what_it_is_for(ledger: Ledger) -> Iterator[str]:
    """A sealed value opens for its own purpose and conversation alone."""
    for rested in ledger.all(Rested):
        for conversation, item in _states(rested):
            for name, value in json.loads(item["sealed"]["S"]).items():
                context = json.loads(base64.b64decode(value.rpartition(".")[2]))[1]
                if (context["conversation"], context["purpose"]) != (conversation, name):
                    yield f"{name} is sealed as {context['purpose']}"


@law
def a_token_is_kept_or_given_back(ledger: Ledger) -> Iterator[str]:
    """No token is good that nobody has."""
    opened = {event.token: event.conversation for event in ledger.all(Asked) if event.token}
    for place, event in enumerate(ledger.record):
        if isinstance(event, Asked) and event.endpoint == "refresh":  # what came before ends in a minute
            before = {one.token for one in ledger.record[:place] if isinstance(one, Asked)}
            opened = {t: of for t, of in opened.items() if t not in before or of != event.conversation}
    for rested in ledger.all(Rested):
        kept = {
            _opened(value)
            for _, item in _states(rested)
            for name, value in json.loads(item["sealed"]["S"]).items()
            if name in {"token", "refresh"}
        }
        for token in (rested.tokens.keys() & opened.keys()) - kept:
            line = ledger.line_of.get(opened.get(token, ""), "")
            if not any(map(_may_lose_a_token, ledger.faults(line))) and not ledger.dead(line):
                yield f"a token of {line[-2:]} is good, and nobody has it"


def _may_lose_a_token(fault: Faulted) -> bool:
    """Return whether a token may be lost over a fault: it dies within the hour."""
    if fault.call.startswith(("digilocker", "kms", "sqs")):
        return fault.kind != "meanwhile"
    return fault.kind == "dies" or (fault.function == "document" and fault.kind in {"silent", "fails", "late"})


@law
def nobody_is_named_in_a_log(ledger: Ledger) -> Iterator[str]:
    """No number, no user id, no message's id, no token and no document stands in what is logged."""
    secrets = {who.aadhaar for who in PEOPLE.values()} | {event.token for event in ledger.all(Asked) if event.token}
    secrets |= {one for line in ledger.setup.lines for one in (line.number, line.number[2:], line.user_id) if one}
    secrets |= {"wamid", *(uri for event in ledger.all(Asked) if event.endpoint == "file" for uri in (event.about,))}
    pattern = re.compile("|".join(map(re.escape, sorted(secrets))))
    for rested in ledger.all(Rested):
        if found := next((found for found in map(pattern.search, rested.logged) if found), None):
            yield f"{found[0]!r} stands in the log: {found.string[:100]}"


# --- the page of DigiLocker -------------------------------------------------------------------------------------------


@law
def who_signs_in_on_the_page_is_who_writes(ledger: Ledger) -> Iterator[str]:
    """Her account has the number that she writes from, or she has typed in the chat what the page showed."""
    if ledger.settings["SIGN_IN"] != "consent-page":
        return
    shown: dict[str, set[str]] = defaultdict(set)
    for event in ledger.record:
        match event:
            case Returned(line=line, shown=code) if code:
                shown[line].add(code)
            case Asked(endpoint="listed", conversation=conversation, whose=whose) if whose:
                line = ledger.line_of.get(conversation, "")
                if ledger.settings["MOBILE_MISMATCH"] == "refuse" and (PEOPLE[whose].mobile or "")[-10:] != line[-10:]:
                    yield f"{line[-2:]} is signed in to the account of another number"
                typed = {one.text.strip() for one in ledger.wrote.values() if one.line == line}
                if ledger.settings["MOBILE_MISMATCH"] == "ask" and not shown[line] & typed:
                    yield f"{line[-2:]} is signed in without having typed what the page showed"
