"""The types of the AWS clients. They exist for the type checker only: the functions carry no stubs."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient as DynamoDbClient
    from mypy_boto3_kms.client import KMSClient as KmsClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_sqs.client import SQSClient as SqsClient
else:
    DynamoDbClient = KmsClient = S3Client = SecretsManagerClient = SqsClient = object

__all__ = ["DynamoDbClient", "KmsClient", "S3Client", "SecretsManagerClient", "SqsClient"]
