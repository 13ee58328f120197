"""Where things are kept: conversations (DynamoDB), work (SQS), PDFs (S3), sealed values (KMS), secrets."""
