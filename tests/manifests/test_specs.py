"""A merged spec becomes typed values: secrets as references, lists as sets, nothing converted."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from reconciler.manifests.check import SpecError, parse_spec
from reconciler.model.errors import Problem
from reconciler.model.resource import Expect, OnFailure, TestPolicy, When
from reconciler.model.values import SecretReference, SecretText


def header(value: Any) -> Any:
    spec: Any = parse_spec("WebhookChannel", {"url": {"env": "A"}, "headers": {"X-Token": value}})
    return spec.headers["X-Token"]


def problems(kind: str, merged: dict[str, Any]) -> list[Problem]:
    with pytest.raises(SpecError) as caught:
        parse_spec(kind, merged)
    return caught.value.problems


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("abc", SecretText("abc")),
        ({"plain": "abc"}, "abc"),
        ({"env": "TOKEN"}, SecretReference("env", "TOKEN")),
        ({"file": "a/b"}, SecretReference("file", "a/b")),
        ({"sops": "f.yaml", "key": "a.b"}, SecretReference("sops", "f.yaml", "a.b")),
        ({"vault": "kv/x", "key": "k"}, SecretReference("vault", "kv/x", "k")),
        ({"aws_secret": "x"}, SecretReference("aws_secret", "x")),
        ({"aws_secret": "x", "key": "k"}, SecretReference("aws_secret", "x", "k")),
        ({"pass": "team/x"}, SecretReference("pass", "team/x")),
        ({"live": True}, SecretReference("live")),
        ({"format": "Bearer {}", "from": {"env": "T"}}, SecretReference("env", "T", "", "Bearer {}")),
        (
            {"format": "a{}", "from": {"format": "b{}c", "from": {"vault": "p", "key": "k"}}},
            SecretReference("vault", "p", "k", "ab{}c"),
        ),
        ({"format": "Bearer {}", "from": "abc"}, SecretText("Bearer abc")),
        ({"format": "v={}", "from": {"plain": "1"}}, "v=1"),
    ],
    ids=str,
)
def test_a_secret_field_becomes_a_value_of_the_domain(written: Any, value: Any) -> None:
    read = header(written)
    assert type(read) is type(value)
    assert read == value


def test_public_headers_are_plain_text() -> None:
    spec: Any = parse_spec("WebhookChannel", {"url": {"env": "A"}, "headers": {"CONTENT-TYPE": "text/plain"}})
    assert spec.headers == {"CONTENT-TYPE": "text/plain"}


def test_what_is_omitted_has_its_default() -> None:
    account: Any = parse_spec("SmtpAccount", {"host": "h", "from_address": "a@example.org"})
    assert (account.port, account.encryption, account.description, account.enabled) == (587, "start_tls", "", None)
    assert (account.display_name, account.id, account.ignore, account.protected) == (None, None, frozenset(), False)
    assert account.test_policy is None


def test_lists_become_sets_and_platform_made_channels_keep_their_sort() -> None:
    channels = ["b", "a", "a", {"role": "Admin"}, {"user": "u-1"}]
    spec: Any = parse_spec("Subscription", {"notification_type": "x", "channels": channels})
    assert spec.channels == {"a", "b", "role:Admin", "user:u-1"}
    mail: Any = parse_spec("EmailChannel", {"sender": "s", "groups": ["g", "g"]})
    assert (mail.groups, mail.recipients) == ({"g"}, frozenset())


def test_test_rules_become_a_policy() -> None:
    rules = {"when": "never", "on_failure": "keep", "expect": "reached", "recipients": ["a@example.org"]}
    spec = parse_spec("SlackChannel", {"webhook_url": {"env": "A"}, "test": rules})
    assert spec.test_policy == TestPolicy(When.NEVER, OnFailure.KEEP, Expect.REACHED, frozenset({"a@example.org"}))


def test_targets_and_overrides_are_passed_over() -> None:
    spec = parse_spec("SlackChannel", {"webhook_url": {"env": "A"}, "targets": ["x"], "overrides": {"x": {}}})
    assert not hasattr(spec, "targets")


def test_one_sort_of_number_but_no_texts_for_numbers() -> None:
    account: Any = parse_spec("SmtpAccount", {"host": "h", "from_address": "a@example.org", "port": 25.0})
    assert (account.port, type(account.port)) == (25, int)
    (problem,) = problems("SmtpAccount", {"host": "h", "from_address": "a@example.org", "port": "25"})
    assert (problem.path, problem.rule) == (("port",), "wrong-type")


def test_all_problems_of_a_merged_spec_come_at_once_with_paths_below_spec() -> None:
    found = problems("SmtpAccount", {"port": 0, "from_address": "x", "hots": "h", "test": {"when": "x"}})
    assert {problem.path for problem in found} == {("port",), ("from_address",), ("hots",), ("host",), ("test", "when")}


def test_neither_error_nor_traceback_holds_a_value() -> None:
    merged = {"webhook_url": "planted-one", "description": ["planted-two"], "planted_three{": 1, "test": "planted-four"}
    with pytest.raises(SpecError) as caught:
        parse_spec("SlackChannel", merged)
    assert caught.value.__context__ is None
    said = "".join(traceback.format_exception(caught.value)) + repr(caught.value.problems)
    assert "planted-" not in said


def test_a_spec_does_not_show_its_secrets() -> None:
    spec = parse_spec("SlackChannel", {"webhook_url": "https://hooks.example/planted"})
    assert "planted" not in repr(spec) + str(spec)


def test_a_spec_cannot_be_changed() -> None:
    spec: Any = parse_spec("SlackChannel", {"webhook_url": {"env": "A"}})
    with pytest.raises(ValueError, match="frozen"):
        spec.description = "x"
