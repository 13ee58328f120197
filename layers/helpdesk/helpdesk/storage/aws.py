"""The AWS clients: their types, for the type checker only (the functions carry no stubs), and what their errors say."""

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient as DynamoDbClient
    from mypy_boto3_kms.client import KMSClient as KmsClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_sqs.client import SQSClient as SqsClient
else:
    DynamoDbClient = KmsClient = S3Client = SecretsManagerClient = SqsClient = object

__all__ = ["DENIED", "DynamoDbClient", "KmsClient", "S3Client", "SecretsManagerClient", "SqsClient", "code_of"]

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


def code_of(error: BaseException) -> str | None:
    """Give AWS's own code of an error ("AccessDeniedException"); None for any other. Nothing private stands in it."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else None
