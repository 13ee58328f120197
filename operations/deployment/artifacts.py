"""Uploads what was built, and pins it: the template that is deployed names each artifact with its version.

`sam package` names an object by a digest of its folder, and takes an object that is there already for the right one.
Whoever may write to the bucket could put another there, before or after the reviewer looks. So what lies there is
compared with the build, and the template names the very version that was compared; a version cannot be overwritten.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zipfile import BadZipFile, ZipFile

import boto3

from operations.building.sam import sam
from operations.deployment.release import artifacts
from operations.operator import Stopped
from operations.settings import SAMCONFIG, Settings
from operations.template import ARTIFACTS, FUNCTION, Template, Values
from template_checks.transform import Document

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_SIGNATURE = "META-INF/"
"""What AWS Signer adds to an archive."""


@dataclass(frozen=True)
class Packaged:
    """A template whose artifacts are uploaded. `url`: where CloudFormation reads it."""

    document: Mapping[str, Any]
    url: str


def package(settings: Settings, values: Values) -> Packaged:
    """Upload a build and its template. Raises Stopped where what lies in the bucket is not what was built."""
    built = Template.read(settings.build / "template.yaml")
    folders = artifacts(built, settings.build)
    output = settings.build / "packaged.json"
    if not sam(
        # It looks for samconfig.toml beside the template unless told.
        *("package", "--config-file", str(SAMCONFIG), "--config-env", settings.stage),
        *("--template-file", str(settings.build / "template.yaml")),
        *("--use-json", "--output-template-file", str(output)),
        *_signed(signing_profile(built, values), folders),
    ):
        raise Stopped("What was built could not be uploaded; see above.")
    document = json.loads(output.read_text(encoding="utf-8"))
    s3 = boto3.client("s3")
    place: dict[str, str] = {}
    for name, folder in folders.items():
        resource = document["Resources"][name]
        key = ARTIFACTS[resource["Type"]]
        place = resource["Properties"][key] = pinned(s3, resource["Properties"][key], folder)
    resolve_for_sam(document, values)
    body = json.dumps(document, sort_keys=True).encode()
    name = f"{place['Key'].rpartition('/')[0]}/{hashlib.sha256(body).hexdigest()}.template".lstrip("/")
    version = s3.put_object(Bucket=place["Bucket"], Key=name, Body=body)["VersionId"]
    return Packaged(document, f"{s3.meta.endpoint_url}/{place['Bucket']}/{name}?versionId={version}")


def resolve_for_sam(document: Document, values: Values) -> None:
    """Work out what SAM names versions of functions and deployments of APIs after.

    SAM comes before CloudFormation and sees references as they are written. So a parameter would change no name,
    and the template has each API deployed again at every deployment (AlwaysDeploy). With the values filled in, a
    name changes when what it stands for changes, and a reviewer sees nothing that always changes.
    """
    template = Template(document)
    for properties in template.of_type(FUNCTION).values():
        if "AutoPublishCodeSha256" in properties:
            properties["AutoPublishCodeSha256"] = template.resolve(properties["AutoPublishCodeSha256"], values)
    for properties in template.of_type("AWS::Serverless::Api").values():
        properties.pop("AlwaysDeploy", None)
        if "DisableExecuteApiEndpoint" in properties:
            properties["DisableExecuteApiEndpoint"] = template.resolve(properties["DisableExecuteApiEndpoint"], values)


def signing_profile(template: Template, values: Values) -> str:
    """Return the ARN of the profile whose signature Lambda asks for; "" where the template asks for none.

    It is in the template's own code signing configuration, or in one of the account's that a parameter names.
    """
    profiles: list[str] = []
    for resource in template.resources.values():
        if resource["Type"] == "AWS::Lambda::CodeSigningConfig" and template.exists(resource, values):
            publishers = resource["Properties"]["AllowedPublishers"]
            profiles += template.resolve(publishers["SigningProfileVersionArns"], values)
    for properties in template.functions():
        config = template.resolve(properties.get("CodeSigningConfigArn"), values)
        if isinstance(config, str) and config and not profiles:
            found = boto3.client("lambda").get_code_signing_config(CodeSigningConfigArn=config)["CodeSigningConfig"]
            profiles += found["AllowedPublishers"]["SigningProfileVersionArns"]
    return profiles[0] if profiles else ""


def _signed(profile: str, names: Mapping[str, Path]) -> list[str]:
    """Return the words that have AWS Signer sign everything. `profile`: the ARN of a version of a signing profile."""
    if not profile:
        return []
    signer = profile.split("/")[-2]
    return ["--signing-profiles", *(f"{name}={signer}" for name in names)]


def pinned(s3: "S3Client", uri: str, folder: Path) -> dict[str, str]:
    """Return an uploaded artifact with its version, as SAM takes it in a template."""
    place = urlsplit(uri)
    bucket, key = place.netloc, place.path.lstrip("/")
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
        raise Stopped(
            f"The bucket {bucket} keeps no versions, so what a reviewer approved could be overwritten:\n"
            f"    aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled"
        )
    answer = s3.get_object(Bucket=bucket, Key=key)
    if not _is_of(answer["Body"].read(), folder):
        raise Stopped(
            f"{uri} is not what was built here, though it has its name. Find out who wrote it (CloudTrail) before "
            f"anything else. Then delete it, and run this again:\n    aws s3 rm {uri}"
        )
    version = answer.get("VersionId", "null")
    if version == "null":
        raise Stopped(f"{uri} is older than the bucket's versions. Delete it, and run this again:\n    aws s3 rm {uri}")
    return {"Bucket": bucket, "Key": key, "Version": version}


def _is_of(archive: bytes, folder: Path) -> bool:
    try:
        with ZipFile(io.BytesIO(archive)) as opened:
            names = {name for name in opened.namelist() if not name.endswith("/") and not name.startswith(_SIGNATURE)}
            files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
            return names == files.keys() and all(opened.read(name) == files[name].read_bytes() for name in names)
    except BadZipFile:
        return False


def digest_of(s3: "S3Client", document: Mapping[str, Any], parameters: Values) -> str:
    """Return a digest of all that a change set deploys: its template, its parameters, the contents of its artifacts.

    Raises Stopped if the template names an artifact without its version.
    """
    contents = {}
    for name, place in _places(document):
        if not isinstance(place, Mapping) or "Version" not in place:
            raise Stopped(f"The template names the code of {name} without its version, so it can be overwritten.")
        answer = s3.get_object(Bucket=place["Bucket"], Key=place["Key"], VersionId=place["Version"])
        contents[name] = hashlib.sha256(answer["Body"].read()).hexdigest()
    whole = {"template": document, "parameters": dict(parameters), "artifacts": contents}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _places(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, resource in document["Resources"].items():
        if resource["Type"] in ARTIFACTS:
            yield name, resource["Properties"].get(ARTIFACTS[resource["Type"]])
