from copy import replace
from typing import Any

import pytest

from helpdesk.conversation.effects import OTP, FetchDocument, Say, Text, VerifyOtp
from helpdesk.conversation.model import Conversation, IssuedDocument, Session, Stage
from helpdesk.errors import VersionConflict
from helpdesk.storage.conversations import (
    KEPT_SECONDS,
    MOST_SEEN,
    ConversationStore,
    Entry,
    Person,
    Stored,
)
from tests.unit.aws import Aws
from tests.unit.storage.conftest import NOW, Clock

LICENCE = IssuedDocument("Driving License", "DRVLC", "Ministry", "in.gov.transport-DRVLC-X1")

SESSION = Session(NOW, NOW + 3600, "list", count=1)


@pytest.fixture
def store(cloud: Aws, clock: Clock) -> ConversationStore:
    return ConversationStore(cloud.client("dynamodb"), cloud.environment["CONVERSATIONS_TABLE"], clock)


def entry(step: str, order: int = 0) -> Entry:
    return Entry(step, NOW, order, (), {OTP: "sealed"}, VerifyOtp())


def test_a_conversation_that_was_never_written_is_a_new_one(store: ConversationStore) -> None:
    assert store.load("somebody") == Stored("somebody")


def test_what_was_saved_is_loaded(store: ConversationStore) -> None:
    before = store.load("c")
    after = replace(
        before,
        conversation=Conversation(language="hi", stage=Stage.DOCUMENTS, session=SESSION, documents=(LICENCE,)),
        person=Person("919000000001", "IN.1"),
        sealed={"token": "sealed"},
        seen={"step": NOW},
    )
    saved = store.save(before, after, put=[entry("one", 2), entry("two", 1)])
    loaded = store.load("c")
    assert loaded == saved
    assert loaded.version == 1
    assert [e.step for e in loaded.outbox] == ["two", "one"]


def test_one_of_two_writers_wins(store: ConversationStore) -> None:
    before = store.load("c")
    store.save(before, before, put=[entry("first")])
    with pytest.raises(VersionConflict):
        store.save(before, before, put=[entry("second")])
    read = store.load("c")
    store.save(read, read)
    with pytest.raises(VersionConflict):
        store.save(read, read)


def test_one_of_two_writers_wins_also_when_the_list_changes(store: ConversationStore) -> None:
    before = store.load("c")
    with_list = replace(before, conversation=replace(before.conversation, session=SESSION, documents=(LICENCE,)))
    store.save(before, before)
    with pytest.raises(VersionConflict):
        store.save(before, with_list)
    assert store.load("c").conversation.documents == ()


def test_an_entry_is_taken_out_without_touching_the_rest(store: ConversationStore) -> None:
    before = store.load("c")
    read = store.save(before, before, put=[entry("one"), entry("two")])
    store.done("c", "one")
    store.done("c", "one")
    store.done("nobody", "one")
    assert [e.step for e in store.load("c").outbox] == ["two"]
    store.save(read, read, put=[entry("three")], drop=["two"])
    assert [e.step for e in store.load("c").outbox] == ["three"]


def test_an_entry_is_replaced_by_what_follows(store: ConversationStore) -> None:
    before = store.load("c")
    read = store.save(before, before, put=[entry("one")])
    follows = Entry("one", NOW, 0, (Say("en", Text("menu")),))
    assert store.save(read, read, put=[follows]).entry("one") == follows
    assert store.load("c").entry("one") == follows


def test_the_list_goes_when_she_signs_out(cloud: Aws, store: ConversationStore) -> None:
    before = store.load("c")
    read = store.save(before, replace(before, conversation=Conversation(session=SESSION, documents=(LICENCE,))))
    assert "documents" in cloud.items()
    store.save(read, replace(read, conversation=Conversation()))
    assert "documents" not in cloud.items()


def test_a_list_that_was_asked_for_anew_and_has_not_changed_is_still_there(store: ConversationStore) -> None:
    before = store.load("c")
    read = store.save(before, replace(before, conversation=Conversation(session=SESSION, documents=(LICENCE,))))
    anew = Conversation(session=replace(SESSION, listing="anew"), documents=(LICENCE,))
    store.save(read, replace(read, conversation=anew))
    assert store.load("c").conversation == anew


def test_the_state_holds_no_uri(cloud: Aws, store: ConversationStore) -> None:
    before = store.load("c")
    follows = Entry("one", NOW, 0, request=FetchDocument(1, "list"))
    store.save(before, replace(before, conversation=Conversation(session=SESSION, documents=(LICENCE,))), put=[follows])
    assert LICENCE.uri not in str(cloud.items()["state"])


def test_what_is_past_its_time_counts_as_absent(store: ConversationStore, clock: Clock) -> None:
    before = store.load("c")
    store.save(before, replace(before, conversation=Conversation(language="bn"), seen={"old": NOW}), put=[entry("one")])
    clock.now = NOW + KEPT_SECONDS
    late = store.load("c")
    assert late == Stored("c", version=1)
    saved = store.save(late, late, put=[entry("new")])
    assert [e.step for e in store.load("c").outbox] == ["new"]
    assert saved.version == 2


def test_fingerprints_are_kept_for_eight_days_and_no_more_than_bounded(store: ConversationStore, clock: Clock) -> None:
    before = store.load("c")
    seen = {"old": NOW - KEPT_SECONDS} | {f"step{n}": NOW for n in range(MOST_SEEN + 50)}
    store.save(before, replace(before, seen=seen))
    kept = store.load("c").seen
    assert len(kept) == MOST_SEEN
    assert "old" not in kept
    assert f"step{MOST_SEEN + 49}" in kept


def test_a_query_that_sees_one_half_of_a_transaction_is_run_again(
    cloud: Aws, store: ConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = store.load("c")
    store.save(before, replace(before, conversation=Conversation(session=SESSION, documents=(LICENCE,))))
    query = store._dynamodb.query
    torn: list[int] = []

    def sees_half(**request: Any) -> Any:
        answer = query(**request)
        if not torn:
            torn.append(1)
            answer["Items"] = [item for item in answer["Items"] if item["part"]["S"] == "state"]
        return answer

    monkeypatch.setattr(store._dynamodb, "query", sees_half)
    assert store.load("c").conversation.documents == (LICENCE,)
    assert torn
