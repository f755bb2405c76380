"""A bucket of an S3-compatible store, as far as a delivery needs it, and what its errors mean to an operator."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from publisher.errors import PublisherError
from publisher.plain_release import WebObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Requests at a time.
THREADS = 8
# With the pauses of "standard" (up to 1, 2, 4, 8, 16 s) a store that asks to slow down is given half a minute.
ATTEMPTS = 6
# Bytes. Attachments are at most 50 MB: nearly everything is one request, and a killed one leaves nothing behind.
ONE_REQUEST = 64 * 1024 * 1024
_CHANGED = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
# Not "." nor "..": they mean themselves to a store and something else to everything before it.
_SEGMENT = re.compile(r"(?!\.+$)[\w.-]+$", re.ASCII)
_REMEDIES = {
    "NoSuchBucket": "there is no such bucket: make it, or correct --bucket",
    "AccessDenied": "access is denied: the key needs ListBucket, GetObject, PutObject and DeleteObject",
    "403": "access is denied: the key needs ListBucket, GetObject, PutObject and DeleteObject",
    "InvalidAccessKeyId": "the store does not know AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY is not the one of AWS_ACCESS_KEY_ID",
    "SlowDown": "the store is overloaded: deliver again later, what was sent stays sent",
    "NotImplemented": "the store lacks conditional writes (If-None-Match), which keep two deliveries apart",
}


class DeliveryError(PublisherError):
    """A release could not be delivered. What the bucket holds stays readable; delivering again goes on from there."""


class _AbsentError(DeliveryError):
    """There is no such object."""


class ChangedMeanwhileError(DeliveryError):
    """An object is not what it was when it was read: somebody else wrote it."""


@dataclass(frozen=True)
class Stored:
    """An object that was read: its bytes, its ETag, and how long ago it was written (seconds by the store's clock)."""

    data: bytes
    etag: str
    age: float


@dataclass(frozen=True)
class Listed:
    """What a listing tells of an object. `etag` is the MD5 of the bytes, or something else in some stores."""

    etag: str
    size: int


class ObjectStore:
    """The objects of one bucket whose keys start with a prefix. Keys are given and returned without the prefix.

    Credentials, region and the like come from where boto3 looks for them (``AWS_…``). Safe to share between threads.
    Every method raises `DeliveryError`.
    """

    def __init__(self, bucket: str, prefix: str = "", endpoint: str | None = None, attempts: int = ATTEMPTS) -> None:
        """`prefix` is a path like ``site``; `endpoint` the store's address where ``AWS_ENDPOINT_URL`` does not say it;
        `attempts` how often a request is tried."""
        self._bucket = bucket
        self._prefix = _checked_prefix(prefix)
        self.address = f"s3://{bucket}/{self._prefix}"
        with self._telling():
            try:
                self._client = _client(endpoint, attempts)
            except ValueError as error:
                raise DeliveryError(str(error)) from error
        self.endpoint = self._client.meta.endpoint_url

    def list(self) -> Iterator[tuple[str, Listed]]:
        """Everything below the prefix."""
        with self._telling():
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix
            ):
                for entry in page.get("Contents", []):
                    listed = Listed(entry["ETag"].strip('"'), entry["Size"])
                    yield entry["Key"].removeprefix(self._prefix), listed

    def read(self, key: str) -> Stored | None:
        """An object; None when it is not there."""
        try:
            with self._telling():
                answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
                headers = answer["ResponseMetadata"]["HTTPHeaders"]
                now = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
                return Stored(answer["Body"].read(), answer["ETag"], (now - answer["LastModified"]).total_seconds())
        except _AbsentError:
            return None

    def write(self, key: str, data: bytes) -> None:
        """Put bytes that are not for readers, whatever was there."""
        with self._telling():
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=data, CacheControl="no-store")

    def replace(self, key: str, data: bytes, etag: str | None) -> str:
        """Put bytes if the object is still the one with `etag` (None: if there is none), and return the new ETag.

        Raises `ChangedMeanwhileError` otherwise.
        """
        put = partial(
            self._client.put_object, Bucket=self._bucket, Key=self._prefix + key, Body=data, CacheControl="no-store"
        )
        with self._telling():
            answer = put(IfNoneMatch="*") if etag is None else put(IfMatch=etag)
            return answer["ETag"]

    def send(self, wanted: WebObject) -> None:
        """Put one object of a release with everything a browser is to be told about it."""
        headers: dict[str, Any] = {"ContentType": wanted.content_type, "CacheControl": wanted.cache_control}
        if wanted.encoding:
            headers["ContentEncoding"] = wanted.encoding
        if wanted.disposition:
            headers["ContentDisposition"] = wanted.disposition
        key = self._prefix + wanted.key
        with self._telling():
            if wanted.source.stat().st_size > ONE_REQUEST:
                many = TransferConfig(multipart_threshold=ONE_REQUEST, use_threads=False)
                self._client.upload_file(str(wanted.source), self._bucket, key, ExtraArgs=headers, Config=many)
                return
            # The transfer manager of `upload_file` would cost more than the request of a page itself.
            with wanted.source.open("rb") as body:
                self._client.put_object(Bucket=self._bucket, Key=key, Body=body, **headers)

    def delete(self, key: str) -> None:
        """Delete one object; nothing happens when it is not there."""
        with self._telling():
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Turn errors of the store into ours."""
        try:
            yield
        except ClientError as error:
            raise self._told(error) from error
        except NoCredentialsError as error:
            raise DeliveryError("no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") from error
        except Boto3Error as error:
            # An upload wraps the answer of the store into a sentence.
            inner = error.__context__
            raise (self._told(inner) if isinstance(inner, ClientError) else self._failed(error)) from error
        except BotoCoreError as error:
            raise self._failed(error) from error

    def _told(self, error: ClientError) -> DeliveryError:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "NoSuchKey":
            return _AbsentError(f"{self.address}: {error}")
        if code in _CHANGED:
            return ChangedMeanwhileError(f"{self.address} is being written by somebody else")
        return self._failed(_REMEDIES.get(code, error))

    def _failed(self, reason: object) -> DeliveryError:
        return DeliveryError(f"{self.address}: {reason}")


def _client(endpoint: str | None, attempts: int) -> "S3Client":
    # A session of its own: boto3's shared one keeps the credentials it met first.
    return boto3.Session().client(
        "s3",
        endpoint_url=endpoint,
        config=Config(
            connect_timeout=5,
            read_timeout=60,
            max_pool_connections=THREADS + 2,
            retries={"mode": "standard", "total_max_attempts": attempts},
            # The checksums boto3 adds by default are refused by a good part of the compatible stores.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def _checked_prefix(prefix: str) -> str:
    """`prefix` with one slash at its end, so that ``site`` never means ``site-2/`` too; empty for the whole bucket."""
    path = prefix.strip("/")
    if path and not all(_SEGMENT.match(segment) for segment in path.split("/")):
        raise DeliveryError(
            f"the prefix {prefix!r} is not made of names of letters, digits, '.', '_', '-' between slashes"
        )
    return f"{path}/" if path else ""
