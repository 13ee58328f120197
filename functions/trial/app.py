"""Called by CodeDeploy before a new version takes calls: tries it, and tells CodeDeploy whether it may."""

import functools
import json
import os
from typing import Any

import boto3

from helpdesk.telemetry import logger, redact_exceptions
from helpdesk.trial import faults, version_of

codedeploy: Any = boto3.client("codedeploy")
functions: Any = boto3.client("lambda")


@redact_exceptions
@logger.inject_lambda_context(log_event=False)
def lambda_handler(event: dict[str, str], context: object) -> None:  # noqa: ARG001 - Lambda's face
    """Try the version of a deployment. Without an answer CodeDeploy takes it for failed within the hour."""
    deployment = event["DeploymentId"]
    revision = codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]["revision"]
    name, version = version_of((revision.get("string") or revision["appSpecContent"])["content"])
    public = {os.environ[key.upper()]: f"{key}Function" for key in ("Webhook", "Consent", "Form")}
    function = public.get(name, "")
    found = faults(function, functools.partial(_invoke, f"{name}:{version}"))
    logger.info("a version was tried", extra={"function": name, "version": version, "faults": found})
    codedeploy.put_lifecycle_event_hook_execution_status(
        deploymentId=deployment,
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="Failed" if found else "Succeeded",
    )


def _invoke(version: str, event: dict[str, Any]) -> Any:
    name, _, qualifier = version.rpartition(":")
    answer = functions.invoke(FunctionName=name, Qualifier=qualifier, Payload=json.dumps(event))
    return json.load(answer["Payload"])
