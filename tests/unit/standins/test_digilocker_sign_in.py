"""Account check, device code, OTP, token and revocation."""

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

ASHA, RAVI, SUNITA = "999999990019", "999941057058", "999971658847"
IMRAN, FARIDA, GOPAL = "999933119405", "999955183433", "999990501894"


def refused(answer: TestResponse) -> tuple[int, str]:
    body = answer.get_json()
    assert set(body) == {"error", "error_description"}
    return answer.status_code, body["error"]


class TestVerifyAccount:
    def test_a_registered_number_is_told_with_its_account_id(self, stage: Any) -> None:
        body = stage.verify().get_json()
        assert body["registered"] is True
        assert len(body["digilockerid"]) == 36

    def test_an_unknown_number_is_told_to_be_unregistered(self, lasting: Any) -> None:
        assert lasting.verify(uid=SUNITA).get_json() == {"registered": False}

    def test_a_mobile_does_as_well(self, stage: Any) -> None:
        assert stage.verify(uid="", mobile="9000000002").get_json()["registered"] is True

    def test_registered_is_a_word_for_some(self, stage: Any) -> None:
        meera = next(one for one in stage.world.citizens if one.name == "MEERA PILLAI")
        assert stage.verify(uid=meera.aadhaar).get_json()["registered"] == "true"

    def test_the_first_edition_gives_no_account_id(self, stage: Any) -> None:
        assert stage.verify(edition=1).get_json() == {"registered": True}

    def test_the_published_vector_of_the_hash_is_taken(self, staging: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        stage = staging()
        monkeypatch.setattr(stage.world.clock, "now", lambda: 1_700_000_100.0)
        right = "647057a289b078b8e70c2fd6fcd36456724a814ecbad908cd859ac88705096ec"
        assert stage.verify(ts="1700000000", hmac=right).get_json()["registered"] is True

    @pytest.mark.parametrize(
        ("form", "description"),
        [
            ({"uid": ""}, "Either one of uid or mobile number is mandatory"),
            ({"ts": ""}, "Timestamp parameter is missing or invalid"),
            ({"ts": "yesterday"}, "Timestamp parameter is missing or invalid"),
            ({"ts": "1000000000"}, "Timestamp parameter is missing or invalid"),
            ({"hmac": ""}, "HMAC parameter is missing or invalid"),
            ({"hmac": "0" * 64}, "HMAC parameter is missing or invalid"),
        ],
    )
    def test_what_is_missing_or_wrong_is_named(self, lasting: Any, form: dict[str, str], description: str) -> None:
        answer = lasting.verify(**form)
        assert refused(answer) == (400, "invalid_parameter")
        assert description in answer.get_json()["error_description"]

    def test_a_time_stamp_counts_for_half_an_hour(self, stage: Any) -> None:
        now = stage.world.clock.now()
        assert stage.verify(ts=str(int(now - 29 * 60))).status_code == 200
        assert stage.verify(ts=str(int(now - 31 * 60))).status_code == 400
        assert stage.verify(ts=str(int(now + 5.5 * 3600))).status_code == 400

    def test_a_time_stamp_shifted_to_indian_time_can_be_tolerated(self, staging: Any) -> None:
        stage = staging(tolerate_ist=True)
        assert stage.verify(ts=str(int(stage.world.clock.now() + 5.5 * 3600))).status_code == 200

    def test_the_printed_order_of_the_hash_can_be_asked_for(self, staging: Any) -> None:
        assert staging(verify_hmac_order="plain").verify().status_code == 400

    def test_another_client_is_refused(self, lasting: Any) -> None:
        assert refused(lasting.verify(clientid="OTHER")) == (401, "invalid_client_id")

    def test_edition_2_4_has_no_such_call(self, staging: Any) -> None:
        answer = staging(digilocker_version="2.4").verify()
        assert answer.status_code == 404
        assert answer.mimetype == "text/html"


class TestDeviceCode:
    def test_an_otp_goes_to_the_linked_mobile_and_its_last_digits_are_told(self, stage: Any) -> None:
        body = stage.ask_code(dl_username=ASHA).get_json()
        assert body["expires_in"] == 600
        assert body["dl_masked_mobile"] == "XXXXXX0001"
        assert re.fullmatch(r"[A-Za-z0-9]{10}", body["device_code"])
        inbox = stage.client.get("/phones/919000000001/sms").get_json()
        assert len(inbox) == 1
        assert re.fullmatch(r"\d{6}", inbox[0]["otp"])
        assert inbox[0]["otp"] in inbox[0]["text"]

    def test_vid_user_name_and_mobile_name_an_account_too(self, stage: Any) -> None:
        asha = stage.world.citizens[0]
        for form in ({"dl_username": asha.vid}, {"dl_username": "Asha.Verma"}, {"dl_mobile": "9000000001"}):
            assert stage.ask_code(**form).status_code == 200

    @pytest.mark.parametrize(
        ("form", "status", "error"),
        [
            ({"dl_username": SUNITA}, 400, "invalid_username"),
            ({"dl_username": "nobody"}, 400, "invalid_username"),
            ({}, 400, "invalid_username"),
            ({"dl_mobile": "9000000099"}, 400, "invalid_mobile"),
            ({"dl_mobile": "9000000004"}, 400, "multiple_mobile_accounts"),
            ({"dl_username": GOPAL}, 500, "otp_error"),
            ({"dl_username": ASHA, "client_id": "OTHER"}, 401, "invalid_client_id"),
            ({"dl_username": ASHA, "response_type": "code"}, 400, "invalid_response_type"),
        ],
    )
    def test_refusals_have_their_documented_codes(
        self, lasting: Any, form: dict[str, str], status: int, error: str
    ) -> None:
        assert refused(lasting.ask_code(**form)) == (status, error)

    def test_two_accounts_on_one_mobile_can_be_told_apart_by_number(self, stage: Any) -> None:
        assert stage.ask_code(dl_username=IMRAN).status_code == 200
        assert stage.ask_code(dl_username=FARIDA).status_code == 200
        assert len(stage.client.get("/phones/919000000004/sms").get_json()) == 2

    def test_the_seventh_otp_in_ten_minutes_is_not_sent(self, stage: Any) -> None:
        for _ in range(6):
            assert stage.ask_code(dl_username=ASHA).status_code == 200
        assert refused(stage.ask_code(dl_username=ASHA)) == (429, "otp_flooding_error")
        assert stage.ask_code(dl_username=RAVI).status_code == 200
        stage.world.clock.advance(600)
        assert stage.ask_code(dl_username=ASHA).status_code == 200

    def test_a_gap_between_two_otps_can_be_asked_for(self, staging: Any) -> None:
        stage = staging(otp_gap=30)
        assert stage.ask_code(dl_username=ASHA).status_code == 200
        assert refused(stage.ask_code(dl_username=ASHA)) == (429, "otp_flooding_error")

    def test_one_citizen_has_flooded_already_and_no_reset_helps_him(self, stage: Any) -> None:
        abdul = next(one for one in stage.world.citizens if one.otp_flooded)
        stage.client.delete("/faults")
        assert refused(stage.ask_code(dl_username=abdul.aadhaar)) == (429, "otp_flooding_error")


class TestToken:
    def test_the_right_otp_gives_a_token_once(self, stage: Any) -> None:
        code = stage.ask_code(dl_username=ASHA).get_json()["device_code"]
        otp = stage.last_otp("919000000001")
        body = stage.redeem(code, otp).get_json()
        assert re.fullmatch(r"[0-9a-f]{40}", body["access_token"])
        assert (body["expires_in"], body["token_type"], body["name"]) == (3600, "Bearer", "ASHA VERMA")
        assert "refresh_token" not in body
        assert "issued/in.gov.pan-PANCR-AAAPV0000A" in body["scope"].split()
        assert refused(stage.redeem(code, otp)) == (400, "invalid_grant")

    def test_edition_2_4_adds_mobile_and_consent(self, staging: Any) -> None:
        stage = staging(digilocker_version="2.4")
        code = stage.ask_code(dl_username=ASHA).get_json()["device_code"]
        body = stage.redeem(code, stage.last_otp("919000000001")).get_json()
        assert body["mobile"] == "9000000001"
        assert body["consent_valid_till"] > stage.world.clock.now()

    def test_three_wrong_tries_void_the_otp(self, stage: Any) -> None:
        code = stage.ask_code(dl_username=ASHA).get_json()["device_code"]
        otp = stage.last_otp("919000000001")
        wrong = "000000" if otp != "000000" else "111111"
        for _ in range(3):
            assert refused(stage.redeem(code, wrong)) == (400, "invalid_grant")
        assert refused(stage.redeem(code, otp)) == (400, "invalid_grant")

    def test_two_wrong_tries_do_not(self, stage: Any) -> None:
        code = stage.ask_code(dl_username=ASHA).get_json()["device_code"]
        otp = stage.last_otp("919000000001")
        for _ in range(2):
            stage.redeem(code, "wrong")
        assert stage.redeem(code, otp).status_code == 200

    def test_an_otp_is_good_for_ten_minutes(self, stage: Any) -> None:
        code = stage.ask_code(dl_username=ASHA).get_json()["device_code"]
        stage.world.clock.advance(600)
        assert refused(stage.redeem(code, stage.last_otp("919000000001"))) == (400, "expired_token")

    def test_what_an_expired_otp_is_called_can_be_chosen(self, staging: Any) -> None:
        stage = staging(expired_otp_error="invalid_grant")
        code = stage.ask_code(dl_username=ASHA).get_json()["device_code"]
        stage.world.clock.advance(601)
        assert refused(stage.redeem(code, "123456")) == (400, "invalid_grant")

    def test_a_new_otp_voids_the_old_one(self, stage: Any) -> None:
        old = stage.ask_code(dl_username=ASHA).get_json()["device_code"]
        old_otp = stage.last_otp("919000000001")
        new = stage.ask_code(dl_username=ASHA).get_json()["device_code"]
        assert refused(stage.redeem(old, old_otp)) == (400, "invalid_grant")
        assert stage.redeem(new, stage.last_otp("919000000001")).status_code == 200

    @pytest.mark.parametrize("grant", ["implicit", "client_credentials", "password", ""])
    def test_other_grants_are_refused(self, lasting: Any, grant: str) -> None:
        assert refused(lasting.redeem("x", "x", grant_type=grant)) == (400, "invalid_grant_type")

    def test_a_wrong_client_or_secret_is_refused(self, lasting: Any) -> None:
        assert refused(lasting.redeem("x", "x", client_id="OTHER")) == (400, "invalid_client")
        assert refused(lasting.redeem("x", "x", client_secret="wrong")) == (400, "invalid_client")


class TestRevoke:
    def revoke(self, stage: Any, token: str, auth: tuple[str, str] = ("TESTCLIENT", "test-secret")) -> TestResponse:
        answer = stage.client.post("/digilocker/public/oauth2/1/revoke", data={"token": token}, auth=auth)
        assert isinstance(answer, TestResponse)
        return answer

    def test_a_revoked_token_opens_nothing_any_more(self, stage: Any) -> None:
        token = stage.sign_in("ASHA VERMA")
        answer = self.revoke(stage, token)
        assert (answer.status_code, answer.data) == (200, b"")
        assert refused(stage.read("1/user", token)) == (401, "invalid_token")
        assert stage.world.accounts.tokens() == ()

    def test_an_unknown_token_is_refused(self, stage: Any) -> None:
        assert refused(self.revoke(stage, "0" * 40)) == (400, "invalid_token")

    def test_only_the_client_may_revoke(self, stage: Any) -> None:
        token = stage.sign_in("ASHA VERMA")
        assert refused(self.revoke(stage, token, ("TESTCLIENT", "wrong"))) == (400, "invalid_client")
        assert stage.read("1/user", token).status_code == 200

    def test_a_token_lives_an_hour(self, stage: Any) -> None:
        token = stage.sign_in("ASHA VERMA")
        stage.world.clock.advance(3600)
        assert refused(stage.read("1/user", token)) == (401, "invalid_token")
