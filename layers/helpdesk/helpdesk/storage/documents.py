"""The PDFs, for the minutes between the fetching and WhatsApp's collecting them."""

import re
from urllib.parse import quote

from helpdesk.errors import StorageError
from helpdesk.storage.aws import S3Client, call

PREFIX = "documents/"
PDF, DATA = ".pdf", ".txt"
"""How the file is called that WhatsApp carries: it takes an issuer's data (XML) as text only."""
LOCKED = ".locked"
"""What the key of a PDF ends in that may ask for a password."""
_MEDIA_TYPES = {PDF: "application/pdf", DATA: "text/plain"}


def extension(key: str) -> str:
    """Return what lies under a key: the ending of the name that it goes by."""
    return DATA if key.endswith(DATA) else PDF


def media_type(key: str) -> str:
    """Return the media type that a document goes out with."""
    return _MEDIA_TYPES[extension(key)]


class DocumentStore:
    """Keeps PDFs in a bucket that encrypts them."""

    def __init__(self, s3: S3Client, bucket: str, key_arn: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._key_arn = key_arn

    def keep(self, key: str, content: bytes) -> None:
        """Store a PDF."""
        call(
            self._s3.put_object,
            Bucket=self._bucket,
            Key=key,
            Body=content,
            ContentType=media_type(key),
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=self._key_arn,
        )

    def link(self, key: str, filename: str, seconds: int) -> str:
        """Return a link (signature version 4) that hands the PDF to whoever has it, for so many seconds."""
        plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", filename)
        return call(
            self._s3.generate_presigned_url,
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentType": media_type(key),
                # RFC 6266: a plain name for old clients, the real one in UTF-8.
                "ResponseContentDisposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename)}",
            },
            ExpiresIn=seconds,
        )

    def read(self, key: str) -> bytes | None:
        """Return a PDF; None if it is gone."""
        try:
            answer = call(self._s3.get_object, Bucket=self._bucket, Key=key)
            return bytes(call(answer["Body"].read))
        except StorageError as error:
            # Without the right to list a bucket, a missing object gives AccessDenied (S3, GetObject).
            if error.code in {"NoSuchKey", "AccessDenied"}:
                return None
            raise

    def delete(self, key: str) -> None:
        """Delete a PDF. One that is gone already is no error."""
        call(self._s3.delete_object, Bucket=self._bucket, Key=key)
