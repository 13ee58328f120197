"""What is deployed is what was built, in the version that was looked at."""

import dataclasses
import json
import uuid
from pathlib import Path
from typing import Any

import boto3
import pytest

from operations.deployment import artifacts as uploading
from operations.deployment.artifacts import digest_of, package, pinned, resolve_for_sam, signing_profile
from operations.operator import Stopped
from operations.settings import ROOT, Settings, settings_of
from operations.template import Template
from template_checks.transform import defaults_of, load, transform
from tests.unit.operations.conftest import Bucket

PROFILE = "arn:aws:signer:ap-south-1:123456789012:/signing-profiles/helpdesk/abcdef"


@pytest.fixture
def settings(build: Path) -> Settings:
    return dataclasses.replace(settings_of("dev"), build=build)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, bucket: Bucket, build: Path) -> list[str]:
    """Play `sam package`, and return the words that it is called with."""
    words: list[str] = []

    def sam(*given: str) -> bool:
        words.extend(given)
        document = json.loads((build / "template.yaml").read_text())
        for name, key in (("Layer", "ContentUri"), ("Function", "CodeUri")):
            files = {"app.py": f"# {name}"} | ({"META-INF/x.SF": "signed"} if "--signing-profiles" in given else {})
            document["Resources"][name]["Properties"][key] = bucket.put(f"helpdesk-dev/{name}", files)
        (build / "packaged.json").write_text(json.dumps(document))
        return True

    monkeypatch.setattr(uploading, "sam", sam)
    return words


def test_each_artifact_and_the_template_itself_are_named_with_their_versions(
    settings: Settings, said: list[str], bucket: Bucket
) -> None:
    packaged = package(settings, {})

    for name, key in (("Layer", "ContentUri"), ("Function", "CodeUri")):
        place = packaged.document["Resources"][name]["Properties"][key]
        assert place.keys() == {"Bucket", "Key", "Version"}
        assert (place["Bucket"], place["Key"]) == (bucket.name, f"helpdesk-dev/{name}")
    assert "--use-json" in said
    assert "--signing-profiles" not in said
    key, version = packaged.url.partition(f"/{bucket.name}/")[2].split("?versionId=")
    assert key.startswith("helpdesk-dev/")
    body = boto3.client("s3").get_object(Bucket=bucket.name, Key=key, VersionId=version)["Body"].read()
    assert json.loads(body) == packaged.document


def test_with_a_signing_profile_everything_is_signed(
    settings: Settings, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "signing_profile", lambda *_: PROFILE)
    package(settings, {})
    assert sorted(said[said.index("--signing-profiles") + 1 :]) == ["Function=helpdesk", "Layer=helpdesk"]


def signed_template(function: dict[str, Any]) -> Template:
    config = {"AllowedPublishers": {"SigningProfileVersionArns": [{"Ref": "Profile"}]}}
    return Template(
        {
            "Parameters": {name: {"Type": "String", "Default": ""} for name in ("Profile", "Config")},
            "Conditions": {"Signs": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Profile"}, ""]}]}},
            "Resources": {
                "Signing": {"Type": "AWS::Lambda::CodeSigningConfig", "Condition": "Signs", "Properties": config},
                "Function": {"Type": "AWS::Serverless::Function", "Properties": function},
            },
        }
    )


def test_who_has_to_sign_is_read_from_the_template_and_its_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"CodeSigningConfigArn": {"Fn::If": ["Signs", {"Ref": "Signing"}, {"Ref": "AWS::NoValue"}]}}
    assert signing_profile(signed_template(own), {}) == ""
    assert signing_profile(signed_template(own), {"Profile": PROFILE}) == PROFILE


def test_who_has_to_sign_is_read_from_a_configuration_of_the_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lambda:
        def get_code_signing_config(self, *, CodeSigningConfigArn: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
            assert CodeSigningConfigArn == "arn:config"
            return {"CodeSigningConfig": {"AllowedPublishers": {"SigningProfileVersionArns": [PROFILE]}}}

    monkeypatch.setattr(boto3, "client", lambda _service: Lambda())
    asks = {"CodeSigningConfigArn": {"Ref": "Config"}}
    for_all = signed_template({})
    for_all.document["Globals"] = {"Function": asks}
    for template in (signed_template(asks), for_all):
        assert signing_profile(template, {"Config": "arn:config"}) == PROFILE
        assert signing_profile(template, {}) == ""


def test_an_upload_that_fails_stops(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploading, "sam", lambda *_words: False)
    with pytest.raises(Stopped, match="could not be uploaded"):
        package(settings, {})


@pytest.mark.parametrize(
    "files",
    [{"app.py": "# another"}, {}, {"app.py": "# Layer", "more.py": ""}, {"other.py": "# Layer"}],
    ids=["changed", "missing", "one more", "renamed"],
)
def test_an_object_that_is_not_what_was_built_is_refused(build: Path, bucket: Bucket, files: dict[str, str]) -> None:
    """SAM takes an object for uploaded when one of its name is there, whoever wrote it."""
    uri = bucket.put("helpdesk-dev/Layer", files)
    with pytest.raises(Stopped, match="is not what was built here"):
        pinned(boto3.client("s3"), uri, build / "Layer")


def test_what_is_no_archive_is_refused(build: Path, bucket: Bucket) -> None:
    boto3.client("s3").put_object(Bucket=bucket.name, Key="x", Body=b"nothing")
    with pytest.raises(Stopped, match="is not what was built here"):
        pinned(boto3.client("s3"), f"s3://{bucket.name}/x", build / "Layer")


def test_a_bucket_without_versions_is_refused_with_the_command_that_mends_it(build: Path, bucket: Bucket) -> None:
    s3 = boto3.client("s3")
    uri = bucket.put("helpdesk-dev/Layer", {"app.py": "# Layer"})
    s3.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Suspended"})
    with pytest.raises(Stopped, match=f"put-bucket-versioning --bucket {bucket.name}"):
        pinned(s3, uri, build / "Layer")


def test_an_object_from_before_the_bucket_kept_versions_is_refused(build: Path, moto: None) -> None:
    s3, name = boto3.client("s3"), f"artifacts-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
    uri = Bucket(name).put("helpdesk-dev/Layer", {"app.py": "# Layer"})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    with pytest.raises(Stopped, match="older than the bucket's versions"):
        pinned(s3, uri, build / "Layer")


def test_the_digest_is_of_the_template_the_parameters_and_the_very_versions(
    settings: Settings, said: list[str], bucket: Bucket
) -> None:
    s3 = boto3.client("s3")
    document: dict[str, Any] = json.loads(json.dumps(package(settings, {}).document))
    digest = digest_of(s3, document, {"Stage": "dev"})

    bucket.put("helpdesk-dev/Layer", {"app.py": "# overwritten"})
    assert digest_of(s3, document, {"Stage": "dev"}) == digest
    assert digest_of(s3, document, {"Stage": "prod"}) != digest
    newest = s3.head_object(Bucket=bucket.name, Key="helpdesk-dev/Layer")["VersionId"]
    document["Resources"]["Layer"]["Properties"]["ContentUri"]["Version"] = newest
    assert digest_of(s3, document, {"Stage": "dev"}) != digest


@pytest.mark.parametrize("place", ["s3://bucket/key", {"Bucket": "bucket", "Key": "key"}, None], ids=str)
def test_an_artifact_without_a_version_has_no_digest(place: Any) -> None:
    document = {"Resources": {"Function": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": place}}}}
    with pytest.raises(Stopped, match="without its version"):
        digest_of(boto3.client("s3"), document, {})


def names(values: dict[str, str], kind: str) -> set[str]:
    """The names that SAM gives, for a deployment with these values, to what it makes of our template."""
    document = load((ROOT / "template.yaml").read_text())
    defaults = defaults_of(document)
    known = {"SignIn": "consent-page", "WhatsAppPhoneNumberId": "100000000000001", "Stage": "prod"}
    resolve_for_sam(document, defaults | known | values)
    # As CloudFormation hands it over: what is not resolved here stays as it is written.
    resources = transform(document, defaults)["Resources"]
    return {name for name, one in resources.items() if one["Type"] == kind}


def test_a_release_names_a_version_of_every_function_and_nothing_else_does() -> None:
    first, second = "a" * 64, "b" * 64
    kind = "AWS::Lambda::Version"
    before, after = names({"Release": first}, kind), names({"Release": second}, kind)
    assert before
    assert len(before) == len(after)
    assert not before & after
    assert names({"Release": first, "ServiceOpen": "false", "MaximumConcurrency": "9"}, kind) == before


def test_an_api_is_deployed_anew_when_its_own_address_is_closed_and_not_at_every_deployment() -> None:
    kind = "AWS::ApiGateway::Deployment"
    before = names({}, kind)
    assert names({"Helpline": "1800-1"}, kind) == before
    closed = {"MutualTls": "s3://trust/meta.pem", "DomainName": "webhook.example.gov.in"}
    assert len(names(closed, kind) - before) == 1
