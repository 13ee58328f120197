"""Signing up with Aadhaar details and the OTP that goes to the mobile."""

import hashlib
import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

SUNITA = {
    "uid": "999971658847",
    "name": "Sunita  Devi",
    "dob": "05031968",
    "gender": "F",
    "mobile": "9000000003",
    "verification": "Y",
    "demoauth": "Y",
    "consent": "Y",
}
HER_PHONE = "919000000003"


def signed(stage: Any, form: dict[str, str]) -> dict[str, str]:
    """Add client, time stamp and hash, unless the form brings its own."""
    form = {"clientid": "TESTCLIENT", "ts": str(int(stage.world.clock.now())), **form}
    digest = hashlib.sha256(f"test-secretTESTCLIENT{form['ts']}".encode()).hexdigest()
    return {"hmac": digest, **form}


def sign_up(stage: Any, **changed: str) -> TestResponse:
    form = signed(stage, SUNITA | changed)
    answer: TestResponse = stage.client.post("/digilocker/public/signup/2/demoauth", data=form)
    return answer


def confirm(stage: Any, otp: str, mobile: str = "9000000003", **changed: str) -> TestResponse:
    form = signed(stage, {"mobile": mobile, "otp": otp, **changed})
    answer: TestResponse = stage.client.post("/digilocker/public/signup/1/demoauthverify", data=form)
    return answer


def refused(answer: TestResponse) -> tuple[int, str]:
    body = answer.get_json()
    assert set(body) == {"error", "error_description"}
    return answer.status_code, body["error"]


def citizen(stage: Any, name: str) -> Any:
    return next(one for one in stage.world.citizens if one.name == name)


class TestAsking:
    def test_an_otp_goes_to_the_mobile_and_the_answer_tells_its_last_digits_only(self, stage: Any) -> None:
        answer = sign_up(stage)
        assert answer.get_json() == {"mobile": "******0003"}
        assert re.fullmatch(r"\d{6}", stage.last_otp(HER_PHONE))

    def test_there_is_no_account_before_the_otp_has_come(self, stage: Any) -> None:
        sign_up(stage)
        assert stage.verify(uid=SUNITA["uid"]).get_json() == {"registered": False}

    @pytest.mark.parametrize("mobile", ["9000000003", "919000000003", "+919000000003"])
    def test_a_mobile_may_come_with_its_country_code(self, stage: Any, mobile: str) -> None:
        assert sign_up(stage, mobile=mobile).status_code == 200

    @pytest.mark.parametrize(
        ("parameter", "value", "named"),
        [
            ("uid", "", "uid"),
            ("uid", "999971658848", "uid"),
            ("uid", "12345", "uid"),
            ("name", " ", "Name"),
            ("name", "x" * 101, "Name"),
            ("dob", "31021968", "Dob"),
            ("dob", "1968-03-05", "Dob"),
            ("gender", "X", "Gender"),
            ("mobile", "5000000003", "Mobile"),
            ("mobile", "", "Mobile"),
            ("verification", "", "Verification"),
            ("consent", "N", "Consent"),
            ("ts", "yesterday", "Timestamp"),
            ("ts", "1000000000", "Timestamp"),
            ("hmac", "0" * 64, "HMAC"),
        ],
    )
    def test_the_parameter_that_is_missing_or_invalid_is_named(
        self, lasting: Any, parameter: str, value: str, named: str
    ) -> None:
        answer = sign_up(lasting, **{parameter: value})
        assert refused(answer) == (400, "invalid_parameter")
        assert answer.get_json()["error_description"].startswith(f"{named} ")

    def test_a_time_stamp_counts_for_half_an_hour(self, stage: Any) -> None:
        now = int(stage.world.clock.now())
        assert sign_up(stage, ts=str(now - 29 * 60)).status_code == 200
        assert refused(sign_up(stage, ts=str(now - 31 * 60))) == (400, "invalid_parameter")

    @pytest.mark.parametrize(("parameter", "value"), [("name", "SUNITA DEVE"), ("dob", "06031968"), ("gender", "M")])
    def test_details_that_are_not_aadhaars_are_refused(self, lasting: Any, parameter: str, value: str) -> None:
        assert refused(sign_up(lasting, **{parameter: value})) == (400, "auth_failure")

    def test_so_is_an_aadhaar_number_of_somebody_else_or_of_nobody(self, lasting: Any) -> None:
        for uid in (citizen(lasting, "NEHA BORA").aadhaar, "234123412346"):
            assert refused(sign_up(lasting, uid=uid)) == (400, "auth_failure")

    def test_who_is_spelt_otherwise_by_aadhaar_signs_up_with_that_spelling(self, stage: Any) -> None:
        neha = citizen(stage, "NEHA BORA")
        details = {"uid": neha.aadhaar, "dob": neha.born, "gender": neha.gender, "mobile": neha.phone}
        assert refused(sign_up(stage, name=neha.name, **details)) == (400, "auth_failure")
        assert sign_up(stage, name="Neha Barua", **details).status_code == 200

    def test_a_mobile_of_another_account_is_refused(self, stage: Any) -> None:
        rohit = citizen(stage, "ROHIT SAXENA")
        details = {"uid": rohit.aadhaar, "name": rohit.name, "dob": rohit.born, "gender": rohit.gender}
        assert refused(sign_up(stage, mobile=rohit.mobile, **details)) == (400, "mobile_exists")
        assert sign_up(stage, mobile="9000000016", **details).status_code == 200

    def test_another_client_is_refused(self, lasting: Any) -> None:
        assert refused(sign_up(lasting, clientid="OTHER")) == (401, "invalid_client_id")

    def test_the_seventh_otp_in_ten_minutes_is_not_sent(self, stage: Any) -> None:
        for _ in range(6):
            assert sign_up(stage).status_code == 200
        assert refused(sign_up(stage)) == (429, "otp_flooding_error")

    def test_a_failure_can_be_switched_on(self, stage: Any) -> None:
        stage.client.post("/faults", json={"digilocker": {"signup": {"error": "unexpected_error"}}})
        assert refused(sign_up(stage)) == (500, "unexpected_error")
        assert sign_up(stage).status_code == 200


class TestTheOtp:
    def test_the_right_one_makes_an_empty_account_and_gives_its_token(self, stage: Any) -> None:
        sign_up(stage)
        body = confirm(stage, stage.last_otp(HER_PHONE)).get_json()
        assert re.fullmatch(r"[0-9a-f]{40}", body["access_token"])
        assert re.fullmatch(r"[0-9a-f]{40}", body["refresh_token"])
        assert (body["expires_in"], body["token_type"], body["mobile"]) == (3600, "Bearer", "******0003")
        assert stage.verify(uid=SUNITA["uid"]).get_json()["registered"] is True
        assert stage.read("2/files/issued", body["access_token"]).get_json()["items"] == []

    def test_she_can_sign_in_from_then_on_with_an_otp_to_the_mobile_she_gave(self, stage: Any) -> None:
        sign_up(stage, mobile="9000000033")
        confirm(stage, stage.last_otp("919000000033"), mobile="9000000033")
        assert stage.ask_code(dl_username=SUNITA["uid"]).get_json()["dl_masked_mobile"] == "XXXXXX0033"
        assert stage.ask_code(dl_mobile="9000000033").status_code == 200

    def test_it_is_good_once(self, stage: Any) -> None:
        sign_up(stage)
        otp = stage.last_otp(HER_PHONE)
        confirm(stage, otp)
        assert refused(confirm(stage, otp)) == (400, "invalid_grant")

    def test_it_is_good_for_its_mobile_only(self, stage: Any) -> None:
        sign_up(stage)
        otp = stage.last_otp(HER_PHONE)
        assert refused(confirm(stage, otp, mobile="9000000004")) == (400, "invalid_grant")
        assert confirm(stage, otp).status_code == 200

    def test_a_newer_one_voids_it(self, stage: Any) -> None:
        sign_up(stage)
        older = stage.last_otp(HER_PHONE)
        sign_up(stage)
        newer = stage.last_otp(HER_PHONE)
        if older != newer:
            assert refused(confirm(stage, older)) == (400, "invalid_grant")
        assert confirm(stage, newer).status_code == 200

    def test_three_wrong_tries_void_it(self, stage: Any) -> None:
        sign_up(stage)
        otp = stage.last_otp(HER_PHONE)
        wrong = "000000" if otp != "000000" else "111111"
        for _ in range(3):
            assert refused(confirm(stage, wrong)) == (400, "invalid_grant")
        assert refused(confirm(stage, otp)) == (400, "invalid_grant")

    def test_it_expires_after_ten_minutes(self, stage: Any) -> None:
        sign_up(stage)
        stage.world.clock.advance(600)
        assert refused(confirm(stage, stage.last_otp(HER_PHONE))) == (400, "expired_token")

    @pytest.mark.parametrize(
        ("changed", "status", "error"),
        [
            ({"otp": ""}, 400, "parameter_missing"),
            ({"mobile": ""}, 400, "parameter_missing"),
            ({"ts": ""}, 400, "parameter_missing"),
            ({"hmac": ""}, 400, "parameter_missing"),
            ({"ts": "1000000000"}, 400, "invalid_ts"),
            ({"hmac": "0" * 64}, 400, "hmac_mismatch"),
            ({"clientid": "OTHER"}, 401, "invalid_client_id"),
        ],
    )
    def test_refusals_have_their_documented_codes(
        self, lasting: Any, changed: dict[str, str], status: int, error: str
    ) -> None:
        assert refused(confirm(lasting, **{"otp": "123456", **changed})) == (status, error)


class TestAnAadhaarNumberWithAnAccount:
    RAVI = SUNITA | {"uid": "999941057058", "name": "RAVI KUMAR", "dob": "15081975", "gender": "M"}

    def test_its_own_mobile_leads_to_a_token_of_that_account(self, stage: Any) -> None:
        assert sign_up(stage, **self.RAVI | {"mobile": "9000000002"}).status_code == 200
        body = confirm(stage, stage.last_otp("919000000002"), mobile="9000000002").get_json()
        assert stage.read("1/user", body["access_token"]).get_json()["name"] == "RAVI KUMAR"

    def test_no_other_mobile_opens_it(self, lasting: Any) -> None:
        assert refused(sign_up(lasting, **self.RAVI | {"mobile": "9000000099"})) == (400, "auth_failure")

    def test_nor_does_giving_up_the_check_of_the_details(self, lasting: Any) -> None:
        form = self.RAVI | {"mobile": "9000000099", "demoauth": "N"}
        assert refused(sign_up(lasting, **form)) == (400, "auth_failure")


class TestTheOtherWays:
    def test_without_verification_the_account_is_made_at_once(self, stage: Any) -> None:
        body = sign_up(stage, verification="N").get_json()
        assert stage.read("1/user", body["access_token"]).get_json()["name"] == "SUNITA DEVI"
        assert stage.client.get(f"/phones/{HER_PHONE}/sms").get_json() == []

    def test_without_the_check_of_the_details_an_account_without_aadhaar_is_made(self, stage: Any) -> None:
        sign_up(stage, name="Somebody Else", demoauth="N")
        body = confirm(stage, stage.last_otp(HER_PHONE)).get_json()
        assert stage.read("1/user", body["access_token"]).get_json()["name"] == "SOMEBODY ELSE"
        assert stage.verify(uid=SUNITA["uid"]).get_json() == {"registered": False}
        assert stage.verify(uid="", mobile="9000000003").get_json()["registered"] is True
