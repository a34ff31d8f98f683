"""A merged spec becomes values of the domain: secrets as references, lists as sets, nothing converted."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.manifests.manifest import check_spec
from reconciler.model.errors import Problem
from reconciler.model.fields import read_record
from reconciler.model.kinds import KINDS
from reconciler.model.resource import Expect, OnFailure, Settings, TestPolicy, When
from reconciler.model.values import SecretReference, SecretText


def fields(kind: str, merged: dict[str, Any]) -> dict[str, Any]:
    assert check_spec(kind, merged) == []
    return KINDS[kind].read(merged, "its-name")


def header(value: Any) -> Any:
    return fields("WebhookChannel", {"url": {"env": "A"}, "headers": {"X-Token": value}})["headers"]["X-Token"]


def problems(kind: str, merged: dict[str, Any]) -> list[Problem]:
    found = check_spec(kind, merged)
    assert found
    return found


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
    read = fields("WebhookChannel", {"url": {"env": "A"}, "headers": {"CONTENT-TYPE": "text/plain"}})
    assert read["headers"] == {"CONTENT-TYPE": "text/plain"}


def test_what_is_omitted_has_its_default() -> None:
    assert fields("SmtpAccount", {"host": "h", "from_address": "a@example.org"}) == {
        "display_name": "its-name",
        "description": "",
        "enabled": True,
        "host": "h",
        "port": 587,
        "encryption": "start_tls",
        "from_address": "a@example.org",
    }
    assert read_record(Settings, {}) == Settings()


def test_what_is_managed_only_when_written_is_not_there_without() -> None:
    written = {"notification_type": "x", "channels": ["a"]}
    assert "state" not in fields("Subscription", written)
    assert fields("Subscription", {**written, "state": "ENABLED"})["state"] == "ENABLED"


def test_lists_become_sets_and_platform_made_channels_keep_their_sort() -> None:
    channels = ["b", "a", "a", {"role": "Admin"}, {"user": "u-1"}]
    read = fields("Subscription", {"notification_type": "x", "channels": channels})
    assert read["channels"] == {"a", "b", "role:Admin", "user:u-1"}
    mail = fields("EmailChannel", {"sender": "s", "groups": ["g", "g"]})
    assert (mail["groups"], mail["recipients"]) == ({"g"}, frozenset())


def test_test_rules_become_a_policy() -> None:
    rules = {"when": "never", "on_failure": "keep", "expect": "reached", "recipients": ["a@example.org"]}
    spec = {"webhook_url": {"env": "A"}, "test": rules}
    assert check_spec("SlackChannel", spec) == []
    assert read_record(Settings, spec).test == TestPolicy(
        When.NEVER, OnFailure.KEEP, Expect.REACHED, frozenset({"a@example.org"})
    )


@pytest.mark.parametrize(("written", "names"), [("a", ("a",)), (["b", "a", "b"], ("b", "a"))])
def test_former_names_keep_their_order(written: Any, names: tuple[str, ...]) -> None:
    assert read_record(Settings, {"renamed_from": written}).renamed_from == names


def test_one_sort_of_number_but_no_texts_for_numbers() -> None:
    port = fields("SmtpAccount", {"host": "h", "from_address": "a@example.org", "port": 25.0})["port"]
    assert (port, type(port)) == (25, int)
    (problem,) = problems("SmtpAccount", {"host": "h", "from_address": "a@example.org", "port": "25"})
    assert (problem.path, problem.rule) == (("port",), "wrong-type")


def test_all_problems_of_a_merged_spec_come_at_once_with_paths_below_spec() -> None:
    found = problems("SmtpAccount", {"port": 0, "from_address": "x", "hots": "h", "test": {"when": "x"}})
    assert {problem.path for problem in found} == {("port",), ("from_address",), ("hots",), ("host",), ("test", "when")}


def test_no_problem_holds_a_value() -> None:
    merged = {"webhook_url": "planted-one", "description": ["planted-two"], "planted_three{": 1, "test": "planted-four"}
    assert "planted-" not in repr(problems("SlackChannel", merged))


def test_fields_do_not_show_their_secrets() -> None:
    assert "planted" not in repr(fields("SlackChannel", {"webhook_url": "https://hooks.example/planted"}))
