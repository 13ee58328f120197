"""The AWS clients: their types, for the type checker only (the functions carry no stubs), and their errors as ours."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from helpdesk.errors import AccessDenied, StorageError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient as DynamoDbClient
    from mypy_boto3_kms.client import KMSClient as KmsClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_sqs.client import SQSClient as SqsClient
else:
    DynamoDbClient = KmsClient = S3Client = SecretsManagerClient = SqsClient = object

__all__ = ["DENIED", "DynamoDbClient", "KmsClient", "S3Client", "SecretsManagerClient", "SqsClient", "call"]

DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "DisabledException",
        "ExpiredTokenException",
        "KMSAccessDeniedException",
        "KMSInvalidStateException",
        "UnrecognizedClientException",
    }
)
"""Codes for a right that is missing, or a key that cannot be used: trying again does not help (IAM and KMS, errors)."""


def call[**P, R](operation: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what a client's operation answers. Raises StorageError instead of botocore's exceptions."""
    try:
        return operation(*args, **kwargs)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        kind = AccessDenied if code in DENIED else StorageError
        reasons = error.response.get("CancellationReasons", [])
        raise kind(code, tuple(str(reason.get("Code")) for reason in reasons)) from None
    except BotoCoreError as error:
        raise StorageError(type(error).__name__) from None
