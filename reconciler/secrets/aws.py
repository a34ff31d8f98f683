"""Values in AWS Secrets Manager: `{aws_secret: NAME}`, or `{aws_secret: NAME, key: K}` for a secret that is JSON.

boto3 finds credentials, region and endpoint as for every AWS tool, in this process's environment and in files; under
`--base` none of these files may be in the checkout. boto3 is imported when the first value is read.
"""

from __future__ import annotations

import logging
import re
import threading
from typing import Any

from reconciler.model.errors import ConfigurationError, SecretError, install_hint
from reconciler.secrets.sources import Once, SecretSettings, parse_document, pick_value

_REASONS = {
    "ResourceNotFoundException": "does not exist in this account and region; check its name and AWS_REGION",
    "AccessDeniedException": "may not be read; allow secretsmanager:GetSecretValue on it, and kms:Decrypt on its key",
    "DecryptionFailure": "cannot be decrypted; allow kms:Decrypt on its key",
    "InvalidRequestException": "cannot be read as it is; it may be scheduled for deletion",
    "UnrecognizedClientException": "may not be read: AWS does not accept the credentials",
    "ExpiredTokenException": "may not be read: the AWS credentials have expired; log in again",
}
"""What to say, by error code; the codes are from the API reference: GetSecretValue, and the errors of all actions."""

_ERROR_CODE = re.compile(r"[A-Za-z]{1,60}\Z")


class AwsSecretSource:
    """The source `aws_secret`. It reads each secret once, with one client for all threads."""

    def __init__(self, settings: SecretSettings) -> None:
        self._seconds = settings.timeout_seconds
        self._bounds = settings.bounds
        self._lock = threading.Lock()
        self._client: Any = None
        self._documents = Once(self._fetch)

    def read(self, argument: str, key: str) -> str:
        """The current version of the secret with this name or ARN; with `key`, that value of a secret that is JSON."""
        place = f'AWS secret "{argument}"'
        value = self._documents.get(argument)
        if not isinstance(value, str):
            raise SecretError(f"{place} is binary; keep it as text")
        return pick_value(parse_document(value, place), key, place) if key else value

    def _fetch(self, name: str) -> object:
        _import_boto3()
        import botocore.exceptions

        place = f'AWS secret "{name}"'
        self._check_settings()
        try:
            return self._shared_client().get_secret_value(SecretId=name).get("SecretString")
        except botocore.exceptions.ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            known = code if _ERROR_CODE.match(code) else "an unknown error"
            raise SecretError(f"{place} {_REASONS.get(code, f'cannot be read: AWS answered {known}')}") from None
        except botocore.exceptions.NoRegionError:
            raise SecretError(f"{place} cannot be read: no region; set AWS_REGION") from None
        except botocore.exceptions.NoCredentialsError:
            raise SecretError(f"{place} cannot be read: no AWS credentials; log in, or set AWS_PROFILE") from None
        except (botocore.exceptions.BotoCoreError, ValueError) as error:
            raise SecretError(
                f"{place} cannot be read ({type(error).__name__}); try `aws secretsmanager get-secret-value`"
            ) from None

    def _check_settings(self) -> None:
        try:
            if self._bounds is not None:
                self._bounds.check_aws_files()
        except ConfigurationError as error:
            raise SecretError(str(error)) from None

    def _shared_client(self) -> Any:
        with self._lock:  # a client may be used by several threads, but must not be made by several at once
            if self._client is None:
                self._client = _make_client(self._seconds)
            return self._client


def _make_client(seconds: float) -> Any:
    from botocore.config import Config

    boto3 = _import_boto3()
    for name in ("boto3", "botocore"):
        # At DEBUG botocore logs whole answers, which hold the secret.
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.INFO))
    limits = Config(connect_timeout=seconds / 2, read_timeout=seconds / 2, retries={"mode": "standard"})
    return boto3.session.Session().client("secretsmanager", config=limits)


def _import_boto3() -> Any:
    try:
        import boto3.session
    except ImportError:
        raise SecretError(f'source "aws_secret" needs a library: {install_hint("aws")}') from None
    return boto3
