"""AWS Secrets Manager, by boto3 against moto's server on loopback."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from reconciler.model.values import SecretReference
from tests.secrets.conftest import Resolve


@pytest.fixture(autouse=True)
def aws(aws_environment: None) -> Iterator[Any]:
    """A client of an account with four secrets."""
    client = boto3.session.Session().client("secretsmanager")
    client.create_secret(Name="text", SecretString="planted-text")
    client.create_secret(Name="prod/json", SecretString=json.dumps({"url": "planted-json", "n": {"port": 25}}))
    client.create_secret(Name="binary", SecretBinary=b"planted-binary")
    client.create_secret(Name="deleted", SecretString="planted-deleted")
    client.delete_secret(SecretId="deleted")
    yield client
    for name in ("text", "prod/json", "binary", "deleted"):
        client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    client.close()


def read(resolve: Resolve, argument: str, key: str = "") -> str:
    reference = SecretReference("aws_secret", argument, key)
    resolution = resolve(reference)
    return resolution.values[reference].reveal() if resolution.values else "FAILED " + resolution.failures[reference]


@pytest.mark.parametrize(
    ("argument", "key", "value"),
    [("text", "", "planted-text"), ("prod/json", "url", "planted-json"), ("prod/json", "n.port", "25")],
)
def test_a_secret_or_a_part_of_it(resolve: Resolve, argument: str, key: str, value: str) -> None:
    assert read(resolve, argument, key) == value


def test_a_secret_by_its_arn(resolve: Resolve, aws: Any) -> None:
    assert read(resolve, aws.describe_secret(SecretId="text")["ARN"]) == "planted-text"


@pytest.mark.parametrize(
    ("argument", "key", "fault"),
    [
        ("nowhere", "", "does not exist in this account and region"),
        ("text", "url", "is not JSON, so it has no keys"),
        ("prod/json", "uri", 'has no key "uri"'),
        ("prod/json", "n", "holds no text"),
        ("binary", "", "is binary"),
        ("deleted", "", "scheduled for deletion"),
        ("", "", "ParamValidationError"),
    ],
)
def test_what_cannot_be_had(resolve: Resolve, argument: str, key: str, fault: str) -> None:
    failure = read(resolve, argument, key)
    assert failure.startswith("FAILED ")
    assert fault in failure
    assert "planted" not in failure


def test_no_region(resolve: Resolve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "set AWS_REGION" in read(resolve, "text")


def test_no_credentials(resolve: Resolve, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    assert "no AWS credentials" in read(resolve, "text")


def test_a_secret_is_read_once_for_all_its_keys(resolve: Resolve, caplog: pytest.LogCaptureFixture) -> None:
    references = [SecretReference("aws_secret", "prod/json", key) for key in ("url", "n.port", "nothing")]
    with caplog.at_level(logging.INFO, "werkzeug"):
        assert len(resolve(*references).values) == 2
    assert [record.name for record in caplog.records].count("werkzeug") == 1


def test_no_log_shows_the_secret_at_any_level(resolve: Resolve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("boto3", "botocore"):
        caplog.set_level(logging.DEBUG, name)
    assert read(resolve, "text") == "planted-text"
    assert caplog.records
    assert "planted" not in caplog.text


def test_without_the_library(resolve: Resolve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert "pip install 'channel-reconciler[aws]'" in read(resolve, "text")
