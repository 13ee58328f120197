"""The directory of issuers, and pulling documents from them into the locker."""

import hashlib
import io
from typing import Any

import pytest
from pypdf import PdfReader
from werkzeug.test import TestResponse

from standins.digilocker import directory
from standins.digilocker.citizens import everyone

DEEPAK, TENZIN = "DEEPAK NAIR", "TENZIN DORJE"
LICENCE = {"doctype": "DRVLC", "dl_no": "KL00 2008 0000014"}
MARKSHEET = {"doctype": "HSCER", "rollno": "0000214", "year": "2005", "FullName": "Deepak Nair"}
PAN = {"doctype": "PANCR", "panno": "AAAPN0000M", "FullName": "Deepak Nair"}
CAR_PAPERS = {"doctype": "RVCER", "reg_no": "KL00AH0014", "chasis_no": "SPECIMEN000000001"}
POLICY = {"doctype": "TWIPC", "policy_no": "TW0000000014", "FullName": "Deepak Nair"}


def number_of(issuer_id: str) -> str:
    return directory.issuing(issuer_id).org_id


ISSUERS = {
    "DRVLC": number_of("in.gov.transport"),
    "RVCER": number_of("in.gov.transport"),
    "HSCER": number_of("in.gov.cbse"),
    "PANCR": number_of("in.gov.pan"),
    "TWIPC": number_of("in.co.specimengeneral"),
}


def ask(stage: Any, call: str, *subject: str, **changed: str) -> TestResponse:
    """Call one of the three that read the directory; `subject` is organisation and doctype."""
    form = {"clientid": "TESTCLIENT", "ts": str(int(stage.world.clock.now()))}
    form |= dict(zip(("orgid", "doctype"), subject, strict=False)) | changed
    text = f"test-secretTESTCLIENT{''.join(subject)}{form['ts']}"
    form = {"hmac": hashlib.sha256(text.encode()).hexdigest(), **form}
    answer: TestResponse = stage.client.post(f"/digilocker/public/oauth2/1/pull/{call}", data=form)
    return answer


def pull(stage: Any, token: str, values: dict[str, str], **changed: str) -> TestResponse:
    form = {"orgid": ISSUERS[values["doctype"]], "consent": "Y", **values, **changed}
    answer: TestResponse = stage.client.post(
        "/digilocker/public/oauth2/1/pull/pulldocument", data=form, headers={"Authorization": f"Bearer {token}"}
    )
    return answer


def refused(answer: TestResponse) -> tuple[int, str]:
    body = answer.get_json()
    assert set(body) == {"error", "error_description"}
    return answer.status_code, body["error"]


class TestTheDirectory:
    def test_it_has_a_hundred_and_fifty_issuers_each_with_its_own_numbers(self, lasting: Any) -> None:
        issuers = ask(lasting, "issuers").get_json()["issuers"]
        assert len(issuers) >= 150
        assert len({one["orgid"] for one in issuers}) == len(issuers)
        assert len({one["issuerid"] for one in issuers}) == len(issuers)
        assert all("." in one["issuerid"] and "-" not in one["issuerid"] for one in issuers)

    @pytest.mark.parametrize(("version", "field"), [("1.x", "categories"), ("2.4", "category")])
    def test_an_issuer_is_told_by_number_id_name_and_category(self, staging: Any, version: str, field: str) -> None:
        issuers = ask(staging(digilocker_version=version), "issuers").get_json()["issuers"]
        cbse = next(one for one in issuers if one["issuerid"] == "in.gov.cbse")
        assert set(cbse) == {"orgid", "issuerid", "name", field, "description"}
        assert cbse["name"] == "Central Board of Secondary Education"

    def test_every_issuer_issues_something_under_doctypes_of_the_right_form(self) -> None:
        for one in directory.organisations():
            doctypes = [kind.doctype for kind in one.kinds]
            assert doctypes
            assert len(set(doctypes)) == len(doctypes)
            assert all(len(doctype) == 5 and doctype.isupper() for doctype in doctypes)

    def test_a_doctype_means_the_same_wherever_it_is_issued(self) -> None:
        meanings = {(kind.doctype, kind.description) for one in directory.organisations() for kind in one.kinds}
        assert len({doctype for doctype, _ in meanings}) == len(meanings)

    def test_the_types_of_one_issuer_are_listed(self, lasting: Any) -> None:
        documents = ask(lasting, "doctype", number_of("in.gov.transport")).get_json()["documents"]
        assert documents == [
            {"doctype": "DRVLC", "description": "Driving License"},
            {"doctype": "RVCER", "description": "Registration of Vehicles"},
        ]

    def test_what_has_to_be_told_is_listed_with_labels_and_examples(self, lasting: Any) -> None:
        parameters = ask(lasting, "parameters", number_of("in.gov.cbse"), "SSCER").get_json()
        assert [one["paramname"] for one in parameters] == ["rollno", "year", "FullName"]
        assert all(set(one) == {"label", "paramname", "valuelist", "example"} for one in parameters)
        assert parameters[1]["valuelist"].startswith("2026,2025,")
        assert parameters[0]["valuelist"] == ""

    def test_the_newer_edition_lists_values_as_an_array(self, staging: Any) -> None:
        stage = staging(digilocker_version="2.4")
        parameters = ask(stage, "parameters", number_of("in.gov.cbse"), "SSCER").get_json()
        assert parameters[1]["valuelist"][:2] == ["2026", "2025"]

    def test_the_published_vector_of_the_hash_is_taken(self, staging: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        stage = staging()
        monkeypatch.setattr(stage.world.clock, "now", lambda: 1_700_000_100.0)
        right = "d32498187e18f2ca39711142d4f3477da5b6012707d047ced0f04b8cf52ca33a"
        assert ask(stage, "issuers", ts="1700000000", hmac=right).status_code == 200

    @pytest.mark.parametrize("call", ["issuers", "doctype", "parameters"])
    @pytest.mark.parametrize(
        ("changed", "status", "error"),
        [
            ({"ts": ""}, 400, "invalid_parameter"),
            ({"ts": "1000000000"}, 400, "invalid_parameter"),
            ({"hmac": "0" * 64}, 400, "invalid_parameter"),
            ({"clientid": "OTHER"}, 401, "invalid_client_id"),
        ],
    )
    def test_client_time_stamp_and_hash_are_checked(
        self, lasting: Any, call: str, changed: dict[str, str], status: int, error: str
    ) -> None:
        subject = {"issuers": (), "doctype": ("000101",), "parameters": ("000101", "PANCR")}[call]
        assert refused(ask(lasting, call, *subject, **changed)) == (status, error)

    def test_organisation_and_doctype_stand_under_the_hash(self, lasting: Any) -> None:
        assert ask(lasting, "issuers", orgid="000101").status_code == 200
        assert refused(ask(lasting, "doctype", orgid="000101")) == (400, "invalid_parameter")
        assert refused(ask(lasting, "parameters", "000101", doctype="PANCR")) == (400, "invalid_parameter")

    def test_an_unknown_organisation_or_type_is_an_invalid_parameter(self, lasting: Any) -> None:
        assert refused(ask(lasting, "doctype", "999999")) == (400, "invalid_parameter")
        assert refused(ask(lasting, "parameters", "999999", "PANCR")) == (400, "invalid_parameter")
        assert refused(ask(lasting, "parameters", number_of("in.gov.pan"), "DRVLC")) == (400, "invalid_parameter")


class TestPulling:
    def test_a_pulled_document_is_in_the_list_and_comes_as_a_pdf(self, stage: Any) -> None:
        token = stage.sign_in(DEEPAK)
        uri = pull(stage, token, LICENCE).get_json()["uri"]
        assert uri == "in.gov.transport-DRVLC-KL0020080000014"
        listed = [item["uri"] for item in stage.read("2/files/issued", token).get_json()["items"]]
        assert listed == ["in.gov.pan-PANCR-AAAPN0000M", uri]
        content = stage.read(f"1/file/{uri}", token).get_data()
        assert "KL00 20080000014" in PdfReader(io.BytesIO(content)).pages[0].extract_text()

    def test_it_is_still_there_when_he_signs_in_again(self, stage: Any) -> None:
        uri = pull(stage, stage.sign_in(DEEPAK), LICENCE).get_json()["uri"]
        token = stage.sign_in(DEEPAK)
        assert uri in [item["uri"] for item in stage.read("2/files/issued", token).get_json()["items"]]
        assert stage.read(f"1/file/{uri}", token).status_code == 200

    def test_it_is_in_nobody_elses_locker(self, stage: Any) -> None:
        uri = pull(stage, stage.sign_in(DEEPAK), LICENCE).get_json()["uri"]
        assert refused(stage.read(f"1/file/{uri}", stage.sign_in("ASHA VERMA"))) == (404, "invalid_uri")

    def test_a_second_time_it_exists(self, stage: Any) -> None:
        token = stage.sign_in(DEEPAK)
        assert pull(stage, token, MARKSHEET).status_code == 200
        assert refused(pull(stage, token, MARKSHEET)) == (500, "uri_exists")

    @pytest.mark.parametrize(("version", "status"), [("1.x", 500), ("2.4", 400)])
    @pytest.mark.parametrize(
        ("name", "values", "changed", "error"),
        [
            (DEEPAK, PAN, {}, "uri_exists"),
            (DEEPAK, MARKSHEET, {"year": "2006"}, "pull_response_pending"),
            (DEEPAK, MARKSHEET, {"FullName": "Deepak Nayar"}, "pull_response_pending"),
            (DEEPAK, LICENCE, {"orgid": "999999"}, "invalid_orgid"),
            (DEEPAK, LICENCE, {"doctype": "PANCR", "orgid": ISSUERS["DRVLC"]}, "invalid_doctype"),
            (TENZIN, PAN, {}, "aadhaar_not_linked"),
        ],
    )
    def test_what_the_editions_count_as_different_failures(
        self,
        staging: Any,
        name: str,
        values: dict[str, str],
        changed: dict[str, str],
        error: str,
        version: str,
        status: int,
    ) -> None:
        stage = staging(digilocker_version=version)
        assert refused(pull(stage, stage.sign_in(name), values, **changed)) == (status, error)

    @pytest.mark.parametrize("version", ["1.x", "2.4"])
    @pytest.mark.parametrize(
        ("values", "changed", "status", "error"),
        [
            (LICENCE, {"dl_no": "KL0020080000015"}, 404, "record_not_found"),
            (CAR_PAPERS, {}, 500, "repository_service_configerror"),
            (POLICY, {}, 500, "unexpected_error"),
            (LICENCE, {"consent": "N"}, 400, "invalid_parameter"),
            (LICENCE, {"dl_no": " "}, 400, "invalid_parameter"),
        ],
    )
    def test_other_refusals_have_one_status(
        self, staging: Any, values: dict[str, str], changed: dict[str, str], status: int, error: str, version: str
    ) -> None:
        stage = staging(digilocker_version=version)
        token = stage.sign_in(DEEPAK)
        assert refused(pull(stage, token, values, **changed)) == (status, error)
        assert len(stage.read("2/files/issued", token).get_json()["items"]) == 1

    def test_nothing_is_pulled_without_a_good_token(self, lasting: Any) -> None:
        assert refused(pull(lasting, "0" * 40, LICENCE)) == (401, "invalid_token")

    def test_a_lack_of_consent_can_be_switched_on(self, stage: Any) -> None:
        token = stage.sign_in(DEEPAK)
        stage.client.post("/faults", json={"digilocker": {"pull_document": {"error": "insufficient_scope"}}})
        assert refused(pull(stage, token, LICENCE)) == (403, "insufficient_scope")
        assert pull(stage, token, LICENCE).status_code == 200


@pytest.mark.parametrize("record", [record for one in everyone() for record in one.records])
def test_what_is_known_of_a_citizen_can_be_asked_for_as_the_directory_says(record: directory.IssuerRecord) -> None:
    kind = directory.issuing(record.document.issuer_id).kind(record.document.doctype)
    assert kind is not None
    assert [name for name, _ in record.values] == [parameter.name for parameter in kind.parameters]


def test_a_new_account_is_empty_and_can_pull_everything_that_is_known_of_her(stage: Any) -> None:
    sunita = next(one for one in stage.world.citizens if one.name == "SUNITA DEVI")
    form = {
        "clientid": "TESTCLIENT",
        "uid": sunita.aadhaar,
        "name": sunita.name,
        "dob": sunita.born,
        "gender": sunita.gender,
        "mobile": sunita.phone,
        "verification": "N",
        "demoauth": "Y",
        "consent": "Y",
        "ts": str(int(stage.world.clock.now())),
    }
    form["hmac"] = hashlib.sha256(f"test-secretTESTCLIENT{form['ts']}".encode()).hexdigest()
    token = stage.client.post("/digilocker/public/signup/2/demoauth", data=form).get_json()["access_token"]
    assert stage.read("2/files/issued", token).get_json()["items"] == []
    for record in sunita.records:
        document = record.document
        answer = stage.client.post(
            "/digilocker/public/oauth2/1/pull/pulldocument",
            data={
                "orgid": number_of(document.issuer_id),
                "doctype": document.doctype,
                "consent": "Y",
                **dict(record.values),
            },
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.get_json() == {"uri": document.uri}
        assert stage.read(f"1/file/{document.uri}", token).get_data().startswith(b"%PDF-")
    assert len(stage.read("2/files/issued", token).get_json()["items"]) == len(sunita.records)
