"""What an operator sees on the dashboard: how far citizens come, how long they wait, what is asked and denied."""

import json
import math
from collections import defaultdict
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import ClientError

from helpdesk import telemetry
from helpdesk.digilocker.errors import InvalidUserName
from helpdesk.digilocker.models import Issued
from helpdesk.errors import AccessDenied, DigiLockerError, StorageError, code_of
from helpdesk.outbound import Deadline
from helpdesk.service.digilocker_gateway import DigiLockerGateway
from helpdesk.service.inbound import DeliveryFailed
from helpdesk.service.queue_consumer import DocumentHandler, QueueMessage
from helpdesk.service.shared_documents import EVERYTHING
from helpdesk.storage.aws import call
from tests.unit.service.desk import CODE, Desk, delivery, desk, signature

type Counted = dict[str, list[float]]
"""The values of each metric, in order."""


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    found: Counted = defaultdict(list)

    def add(*, name: str, value: float, **_: object) -> None:
        found[name].append(value)

    monkeypatch.setattr(telemetry.metrics, "add_metric", add)
    return found


def denial(code: str = "AccessDeniedException") -> StorageError:
    """Return what storage makes of a refusal of AWS."""

    def refuse() -> None:
        raise ClientError({"Error": {"Code": code, "Message": "User: ... is not authorized"}}, "Encrypt")

    with pytest.raises(StorageError) as refused:
        call(refuse)
    return refused.value


# --- how far and how fast ---------------------------------------------------------------------------------------------


def test_each_step_to_a_document_counts_once(desk: Desk, counted: Counted) -> None:
    desk.signed_in()
    desk.says("1")

    steps = ("Greeted", "Consented", "SignedIn", "Listed", "Delivered")
    assert {name: sum(counted[name]) for name in steps} == dict.fromkeys(steps, 1)


def test_the_wait_for_a_document_counts_from_hi_and_from_the_choice(desk: Desk, counted: Counted) -> None:
    desk.signed_in()
    said_hi = desk.clock.now
    desk.clock.now += 40
    desk.deliver(desk.text("1"))
    desk.clock.now += 6
    desk.work()

    assert counted["SecondsFromChoice"] == [6]
    assert counted["SecondsToReply"]
    assert 6 not in counted["SecondsToReply"]
    assert counted["SecondsFromHi"] == [desk.clock.now - said_hi]


def test_a_document_counts_by_its_kind_and_by_the_language_it_comes_in(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.signed_in()
    (kind, *_) = (document.doctype for document in desk.store.load(desk.conversation_id).conversation.documents)
    desk.says("1")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    by = [{name: line[name] for name in ("kind", "language") if name in line} for line in lines]
    assert by == [{"kind": kind}, {"language": "en"}]


def test_only_the_first_document_after_hi_counts_from_hi(desk: Desk, counted: Counted) -> None:
    desk.signed_in()
    desk.says("1")
    desk.clock.now += 60
    desk.says("2")
    assert len(counted["SecondsFromHi"]) == 1

    desk.says("Hi")
    desk.says("other documents")
    desk.clock.now += 20
    desk.says("1")

    assert counted["SecondsFromHi"][1:] == [20]
    assert len(counted["SecondsFromChoice"]) == 3


def test_that_a_document_has_arrived_is_a_line_in_the_log(desk: Desk) -> None:
    desk.signed_in()
    (reply,) = desk.says("1")
    value = {"id": "wamid.x", "status": "delivered", "biz_opaque_callback_data": reply["callback"]}
    body = delivery(messages=[], statuses=[value])
    desk.receiver.receive(body, signature(body))

    with mock.patch("helpdesk.service.outbox_worker.logger.info") as info:
        desk.work()

    assert mock.call("a document has arrived") in info.mock_calls


# --- what is asked of DigiLocker --------------------------------------------------------------------------------------


JOB = Deadline(math.inf)


def locker(**changes: Any) -> DigiLockerGateway:
    client = mock.Mock(
        issued_documents=mock.Mock(return_value=Issued(())),
        uploaded_files=mock.Mock(side_effect=DigiLockerError("busy")),
        **changes,
    )
    secret = mock.Mock(text=mock.Mock(return_value="secret"))
    others = dict.fromkeys(("documents", "pull", "directory", "links"), mock.Mock())
    return DigiLockerGateway(client=client, secret=secret, **others)


def test_each_call_to_digilocker_counts(counted: Counted) -> None:
    asked = locker()
    asked.list_documents("step", "token", EVERYTHING, JOB)
    assert sum(counted["DigiLockerRequests"]) == 2  # the issued and the uploaded ones

    asked.verify_otp("code", "123456", JOB)
    assert sum(counted["DigiLockerRequests"]) == 3


def test_a_number_that_is_refused_as_user_name_counts(counted: Counted) -> None:
    refused = locker(
        version="1.x",
        verify_account=mock.Mock(return_value=True),
        request_device_code=mock.Mock(side_effect=InvalidUserName("invalid_username", status=400)),
    )
    refused.send_otp("999999990019", JOB)
    assert counted["UserNameRefused"] == [1]


# --- what AWS denies --------------------------------------------------------------------------------------------------


def test_a_denial_counts_where_messages_are_taken_in(
    desk: Desk, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.asked_for_aadhaar()
    monkeypatch.setattr(desk.receiver._turns._seal, "seal", mock.Mock(side_effect=denial()))

    with (
        mock.patch("helpdesk.service.inbound.logger.error") as error,
        pytest.raises(DeliveryFailed),
    ):
        desk.deliver(desk.text("999999990019"))

    assert counted["AwsDenied"] == [1]
    (line,) = error.mock_calls
    assert line.kwargs["extra"] == {"error": "AccessDenied", "code": "AccessDeniedException"}


@pytest.mark.parametrize(("code", "times"), [("DisabledException", 1), ("ThrottlingException", 0)])
def test_a_denial_counts_where_work_is_done(counted: Counted, code: str, times: int) -> None:
    worker = mock.Mock(work=mock.Mock(side_effect=denial(code)))
    handler = DocumentHandler(worker=worker, secret=mock.Mock(), sqs=mock.Mock(), queues={"queue": "url"})

    done = handler.handle(QueueMessage("id", '{"conversation": "c", "step": "s"}', "receipt", "queue", 1))

    assert not done
    assert sum(counted["AwsDenied"]) == times


def test_a_denial_counts_where_who_comes_back_from_digilocker_is_taken_in(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_page = desk(on_page=True)
    state = on_page.at_digilocker()
    monkeypatch.setattr(on_page.consenting._turns._seal, "seal", mock.Mock(side_effect=denial()))

    with mock.patch("helpdesk.service.consent_pages.logger.error") as error:
        answer = on_page.consenting.callback({"state": [state], "code": [CODE]}, [], "")

    assert answer["statusCode"] == 503
    assert counted["CallbacksFailed"] == [1]
    (line,) = error.mock_calls
    assert line.kwargs["extra"] == {"error": "AccessDenied", "code": "AccessDeniedException"}


def test_only_aws_has_codes() -> None:
    assert code_of(denial()) == "AccessDeniedException"
    assert isinstance(denial(), AccessDenied)
    assert not isinstance(denial("ThrottlingException"), AccessDenied)
    assert code_of(ValueError("AccessDenied")) is None
