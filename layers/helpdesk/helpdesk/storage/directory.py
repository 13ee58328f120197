"""The one copy of DigiLocker's directory of issuers, which all execution environments share.

It holds nothing about anybody. The bucket must keep it for longer than the documents that lie beside it.
"""

import json
from collections.abc import Callable
from typing import Final

from helpdesk.errors import StorageError
from helpdesk.storage.aws import S3Client, call
from helpdesk.telemetry import logger

PREFIX: Final = "directory/"
_KEY: Final = f"{PREFIX}issuers.json.gz"
_CLAIM: Final = f"{PREFIX}claim.json"

_ABSENT: Final = frozenset({"NoSuchKey", "404", "AccessDenied", "403"})
"""S3 answers 403 for a key that does not exist to whoever may not list the bucket."""


class DirectoryStore:
    """Keeps the directory's bytes, and says whose turn it is to fetch it again."""

    def __init__(self, s3: S3Client, bucket: str, key_arn: str, clock: Callable[[], float]) -> None:
        """`clock` gives seconds since 1970."""
        self._s3 = s3
        self._bucket = bucket
        self._key_arn = key_arn
        self._clock = clock

    def read(self) -> bytes | None:
        """Return the copy; None if there is none."""
        return self._get(_KEY)

    def write(self, content: bytes) -> None:
        """Replace the copy. One that cannot be kept is fetched again another day: logged, no error."""
        try:
            call(
                self._s3.put_object,
                Bucket=self._bucket,
                Key=_KEY,
                Body=content,
                ContentType="application/gzip",
                ServerSideEncryption="aws:kms",
                SSEKMSKeyId=self._key_arn,
            )
        except StorageError as error:
            logger.warning("the directory could not be kept", extra={"code": error.code})

    def claim(self, seconds: float) -> bool:
        """Return whether the caller is the one to fetch the directory: for `seconds` nobody else is.

        Two callers may be where an old claim has just expired: then it is fetched twice, which does no harm.
        """
        now = self._clock()
        held = self._get(_CLAIM)
        if held is not None:
            if _until(held) > now:
                return False
            call(self._s3.delete_object, Bucket=self._bucket, Key=_CLAIM)
        try:
            call(
                self._s3.put_object,
                Bucket=self._bucket,
                Key=_CLAIM,
                Body=json.dumps({"until": now + seconds}).encode(),
                ContentType="application/json",
                ServerSideEncryption="aws:kms",
                SSEKMSKeyId=self._key_arn,
                IfNoneMatch="*",
            )
        except StorageError as error:
            if error.code in {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}:
                return False
            raise
        return True

    def _get(self, key: str) -> bytes | None:
        try:
            answer = call(self._s3.get_object, Bucket=self._bucket, Key=key)
            return bytes(call(answer["Body"].read))
        except StorageError as error:
            if error.code in _ABSENT:
                return None
            raise


def _until(claim: bytes) -> float:
    """Return when a claim runs out, in seconds since 1970; 0 for one that cannot be read."""
    try:
        until = json.loads(claim)["until"]
    except (ValueError, KeyError, TypeError):
        return 0.0
    return float(until) if isinstance(until, int | float) else 0.0
