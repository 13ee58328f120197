"""What stays in the table when she has her data deleted."""

import json

from tests.unit.service.desk import AADHAAR, HER_ID, HER_PHONE, Desk


def table(desk: Desk) -> str:
    return json.dumps(desk.aws.items())


def test_what_is_kept_about_her_is_erased_but_for_counts_and_the_consent(desk: Desk) -> None:
    desk.signed_in()
    assert HER_PHONE in table(desk)
    (reply,) = desk.taps("delete@delete")
    assert "We have deleted your data" in reply["interactive"]["body"]["text"]
    assert desk.locker.calls[-1] == "revoke"
    items = desk.aws.items()
    for trace in (HER_PHONE, HER_ID, AADHAAR, "DRVLC", "wamid"):
        assert trace not in json.dumps(items)
    assert json.loads(items["state"]["sealed"]["S"]) == {}
    assert items["state"]["outbox"]["M"] == {}
    assert any(part.startswith("consent#") for part in desk.aws.records())
    assert not any(part.startswith("consent#") for part in items)


def test_who_writes_again_at_once_is_a_new_conversation_and_not_erased(desk: Desk) -> None:
    desk.signed_in()
    desk.deliver(desk.tap("delete@delete"))
    desk.deliver(desk.text("Hi"))
    desk.work()
    assert HER_PHONE in table(desk)
    assert "Welcome" in desk.whatsapp.sent[-1]["interactive"]["body"]["text"]


def test_what_she_asks_meanwhile_is_answered_though_it_leads_nowhere(desk: Desk) -> None:
    desk.signed_in()
    desk.deliver(desk.tap("delete@delete"))
    desk.deliver(desk.text("help"))
    before = len(desk.whatsapp.sent)
    desk.work()
    assert len(desk.whatsapp.sent) == before + 2


def test_her_next_message_after_that_is_answered_as_her_first(desk: Desk) -> None:
    desk.signed_in()
    desk.taps("delete@delete")
    (reply,) = desk.says("Hi")
    assert "Welcome" in reply["interactive"]["body"]["text"]
    assert desk.whatsapp.to[-1].user_id == HER_ID
