"""What the author of a custom resource must not have, and what an administrator can allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.model.errors import ConfigurationError
from reconciler.model.fields import Row, rows
from reconciler.model.project import Auth
from reconciler.model.provider import ProviderSettings
from reconciler.model.secret_fields import CREDENTIAL
from reconciler.operator.addresses import host_of, is_local, matches
from reconciler.operator.permissions import Allowed, Policy, problems_of
from reconciler.operator.resources import CustomResource, text_of
from reconciler.providers import settings_of

SECRET = {"secret": "slack", "key": "url"}


def fields(resource: CustomResource, allowed: Allowed = Allowed()) -> list[str]:
    return [problem.field for problem in problems_of(resource, allowed, settings_of)]


def channel(kind: str = "SlackChannel", /, **spec: Any) -> CustomResource:
    return CustomResource(kind, "team", "oncall", spec=spec)


def project(target: dict[str, Any], **spec: Any) -> CustomResource:
    return CustomResource("Project", "team", "acme", spec={"targets": {"search": target}, **spec})


@pytest.mark.parametrize(
    "value",
    [
        "https://hooks.slack.com/services/T/B/x",
        {"env": "HOME"},
        {"file": "/etc/passwd"},
        {"sops": "x.yaml", "key": "a"},
        {"pass": "team/slack"},
        {"vault": "kv/team", "key": "a"},
        {"aws_secret": "team"},
        {"format": "Bearer {}", "from": {"env": "HOME"}},
        {"format": "Bearer {}", "from": {"format": "x {}", "from": "literal"}},
    ],
)
def test_no_value_comes_from_the_operators_surroundings(value: object) -> None:
    refused: dict[str, Any] = {"webhook_url": value}
    assert fields(channel(**refused))[0].startswith("spec.webhook_url")
    assert fields(channel(webhook_url=SECRET, overrides={"kafka": refused}))[0].startswith("spec.overrides.kafka.")
    assert fields(channel("WebhookChannel", url=SECRET, headers={"X-Token": value}))[0].startswith("spec.headers.")
    general = project(SOUND, defaults={"SlackChannel": refused})
    assert fields(general)[0].startswith("spec.defaults.SlackChannel.webhook_url")
    assert "literal" not in str(
        [problem.message for problem in problems_of(channel(**refused), Allowed(), settings_of)][1:]
    )


@pytest.mark.parametrize(
    "value", [SECRET, {"plain": "x"}, {"live": True}, {"format": "Bearer {}", "from": SECRET}, None]
)
def test_labelled_secrets_and_what_is_no_secret_are_taken(value: object) -> None:
    assert fields(channel(webhook_url=value)) == []


def test_public_headers_are_plain_text() -> None:
    assert fields(channel("WebhookChannel", url=SECRET, headers={"content-type": "text/plain"})) == []


def test_vault_and_aws_only_by_the_paths_that_are_allowed() -> None:
    allowed = Allowed(vault=("kv/team/*",), aws_secrets=("team-*",))
    assert fields(channel(webhook_url={"vault": "kv/team/slack", "key": "a"}), allowed) == []
    assert fields(channel(webhook_url={"aws_secret": "team-slack"}), allowed) == []
    assert fields(channel(webhook_url={"vault": "kv/other", "key": "a"}), allowed)
    assert fields(channel(webhook_url={"vault": "kv/team/../other", "key": "a"}), allowed)


LOGIN = {"basic": {"username": {"plain": "admin"}, "password": {"secret": "login", "key": "p"}}}
SOUND: dict[str, Any] = {"provider": "opensearch", "url": "https://search.example.org", "auth": LOGIN}


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ({"url": None}, "spec.targets.search"),
        ({"auth": None}, "spec.targets.search"),
        ({"auth": {"basic": {"username": {"env": "U"}, "password": {"env": "P"}}}}, "spec.targets.search.auth.basic."),
        ({"auth": {"bearer": {"token": "x"}}}, "spec.targets.search.auth.bearer.token"),
        ({"auth": {"sts": {"subject_token": {"env": "T"}, "identity_pool_id": "p"}}}, "spec.targets.search.auth.sts."),
        ({"auth": {"client_cert": {"cert_file": "x.pem"}}}, "spec.targets.search.auth.client_cert"),
        ({"auth": {"sigv4": {"region": "eu-central-1"}}}, "spec.targets.search.auth.sigv4"),
        ({"tls": {"ca_file": "/etc/ssl/ca.pem"}}, "spec.targets.search.tls.ca_file"),
        ({"tls": {"ca": {"file": "/etc/ssl/ca.pem"}}}, "spec.targets.search.tls.ca"),
        ({"headers": {"x-tenant": {"env": "T"}}}, "spec.targets.search.headers.x-tenant"),
        ({"url": "http://169.254.169.254/latest"}, "spec.targets.search.url"),
        ({"url": "https://[::ffff:127.0.0.1]:9200"}, "spec.targets.search.url"),
        ({"url": "https://LOCALHOST.:9200"}, "spec.targets.search.url"),
    ],
)
def test_a_target_takes_nothing_of_the_operators(target: dict[str, Any], field: str) -> None:
    assert problems_of(project(SOUND), Allowed(), settings_of) == []
    [first, *_] = fields(project({**SOUND, **target}))
    assert first.startswith(field)


def test_a_targets_url_is_left_out_only_where_its_provider_has_one_of_its_own() -> None:
    """Whatever its name is: built in, or of a package."""
    auth = {"auth": SOUND["auth"]}
    of = {"board": ProviderSettings(default_url="https://board.example.org"), "wall": ProviderSettings()}

    def asked(provider: str) -> list[str]:
        found = problems_of(project({"provider": provider, **auth}), Allowed(), lambda name: of[name])
        return [problem.message for problem in found]

    assert asked("board") == []
    assert "has no url" in asked("wall")[0]
    assert fields(project({"provider": "confluent", **auth})) == []
    assert fields(project({"provider": "no-such-provider", **auth})) == ["spec.targets.search"]


@pytest.mark.parametrize("way", rows(Auth), ids=lambda row: row.name)
def test_no_way_of_auth_takes_a_secret_from_the_environment(way: Row) -> None:
    """Ways that are added later are among them."""
    secrets = [row.name for part in way.form.parts for row in rows(part) if row.form is CREDENTIAL]
    found = fields(project({**SOUND, "auth": {way.name: {key: {"env": "HOME"} for key in secrets}}}))
    assert {f"spec.targets.search.auth.{way.name}.{name}" for name in secrets} <= set(found)


@pytest.mark.parametrize("source", [{"vault": "kv/team", "key": "a"}, {"aws_secret": "team"}])
@pytest.mark.parametrize("formatted", [True, False])
@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("auth.basic.password", lambda value: {"auth": {"basic": {"username": {"plain": "a"}, "password": value}}}),
        ("auth.bearer.token", lambda value: {"auth": {"bearer": {"token": value}}}),
        ("headers.x-tenant", lambda value: {"headers": {"x-tenant": value}}),
        ("tls.ca", lambda value: {"tls": {"ca": value}}),
    ],
)
def test_a_targets_credentials_come_from_labelled_secrets_whatever_the_policy_allows(
    source: dict[str, str], formatted: bool, field: str, written: Callable[[object], dict[str, Any]]
) -> None:
    value = {"format": "x {}", "from": source} if formatted else source
    allowed = Allowed(vault=("*",), aws_secrets=("*",))
    [problem] = problems_of(project({**SOUND, **written(value)}), allowed, settings_of)
    assert problem.field == f"spec.targets.search.{field}"
    assert "come from a labelled Secret" in problem.message
    assert "administrator" not in problem.fix


def test_commands_of_secrets_are_refused_and_the_command_lines_folder_is_left_out() -> None:
    resource = project(SOUND, secrets={"sources": {"pass": {"exec": ["pass", "show"]}}, "dir": "/run/secrets"})
    assert fields(resource) == ["spec.secrets.sources"]
    assert "/run/secrets" not in text_of(resource).content
    assert "pass" in text_of(resource).content


def test_an_administrator_allows_addresses_and_hosts_by_namespace() -> None:
    policy = Policy.read(
        {
            "namespaces": {
                "team-*": {"targets": ["https://search.example.org"], "sigv4_hosts": ["*.es.amazonaws.com"]},
                "team-a": {"local": True, "targets": ["http://127.0.0.1:9200"]},
            }
        }
    )
    local = project({**SOUND, "url": "http://127.0.0.1:9200/"})
    assert fields(local, policy.of("team-a")) == []
    assert fields(local, policy.of("team-b"))
    assert fields(project(SOUND), policy.of("team-b")) == []
    assert fields(project({**SOUND, "url": "https://other.example.org"}), policy.of("team-b"))
    assert policy.of("other") == Allowed()
    aws = {"provider": "opensearch", "url": "https://x.es.amazonaws.com", "auth": {"sigv4": {"region": "x"}}}
    assert (
        fields(project(aws), Policy.read({"namespaces": {"*": {"sigv4_hosts": ["*.es.amazonaws.com"]}}}).of("t")) == []
    )


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"namespace": {}},
        {"namespaces": []},
        {"namespaces": {"a": []}},
        {"namespaces": {"a": {"target": []}}},
        {"namespaces": {"a": {"targets": "x"}}},
        {"namespaces": {"a": {"targets": [1]}}},
        {"namespaces": {"a": {"targets": ["*.example.org"]}}},
        {"namespaces": {"a": {"local": "yes"}}},
        {"namespaces": {"a": {"sigv4_hosts": ["https://x.es.amazonaws.com"]}}},
        {"namespaces": {"a": {"sigv4_hosts": ["x.es.amazonaws.com:443"]}}},
        {"namespaces": {"a": {"sigv4_hosts": [""]}}},
    ],
)
def test_a_policy_that_is_none_is_one_clear_error(document: object) -> None:
    with pytest.raises(ConfigurationError, match="policy file"):
        Policy.read(document)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("fe80::1%eth0", True),
        ("0.0.0.0", True),
        ("169.254.1.1", True),
        ("fd00:ec2::254", True),
        ("168.63.129.16", True),
        ("100.100.100.200", True),
        ("::ffff:169.254.169.254", True),
        ("::127.0.0.1", True),
        ("64:ff9b::a9fe:a9fe", True),
        ("64:ff9b::a00:1", False),
        ("fd00::1", False),
        ("10.0.0.1", False),
        ("search.example.org", False),
        ("", False),
    ],
)
def test_what_is_the_operators_own_machine(host: str, local: bool) -> None:
    assert is_local(host) is local


@pytest.mark.parametrize(
    "url",
    ["https://a.search.example.org", "https://a.search.example.org:9200/x/", "https://A.search.example.org/"],
)
def test_a_pattern_means_hosts_with_any_port_and_path(url: str) -> None:
    assert matches(url, "https://*.search.example.org*")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x.search.example.org",
        "https://evil.example?x.search.example.org",
        "https://evil.example#x.search.example.org",
        "https://a.search.example.org.evil.example",
        "https://a.search.example.org@evil.example",
        "https://x@a.search.example.org",
        "http://a.search.example.org",
        "https://a.search.example.orgs",
        "https://search.example.org",
    ],
)
def test_no_other_part_of_an_address_passes_for_its_host(url: str) -> None:
    assert not matches(url, "https://*.search.example.org*")


def test_a_pattern_without_a_star_at_its_end_bounds_port_and_path() -> None:
    assert matches("https://gateway.example.org/team/search", "https://gateway.example.org/team/*")
    assert not matches("https://gateway.example.org/team/../other", "https://gateway.example.org/team/*")
    assert not matches("https://gateway.example.org:8443/team/search", "https://gateway.example.org/team/*")
    assert matches("https://gateway.example.org:8443/", "https://gateway.example.org:*")
    assert not matches("https://gateway.example.org/x", "https://gateway.example.org")


@pytest.mark.parametrize(
    ("host", "pattern", "meant"),
    [
        ("a.es.amazonaws.com", "*.es.amazonaws.com", True),
        ("a.b.es.amazonaws.com", "*.es.amazonaws.com", True),
        ("es.amazonaws.com", "*.es.amazonaws.com", False),
        ("evil-es.amazonaws.com", "*.es.amazonaws.com", False),
        ("a.es.amazonaws.com.evil.example", "*.es.amazonaws.com", False),
        ("search-a.es.amazonaws.com", "search-*.es.amazonaws.com", True),
        ("search-a.evil.es.amazonaws.com", "search-*.es.amazonaws.com", False),
        ("a.evil.example.es.amazonaws.com", "a.*.es.amazonaws.com", False),
        ("a.x.es.amazonaws.com", "a.*.ES.amazonaws.com", True),
        ("anything.example", "*", True),
        ("", "*", False),
    ],
)
def test_a_star_in_a_host_stays_within_its_label_or_stands_for_all_below(host: str, pattern: str, meant: bool) -> None:
    aws = {"provider": "opensearch", "url": f"https://{host}" if host else "", "auth": {"sigv4": {"region": "x"}}}
    found = "spec.targets.search.auth.sigv4" not in fields(project(aws), Allowed(sigv4_hosts=(pattern,)))
    assert found is meant
    if host:
        assert matches(f"https://{host}/x", f"https://{pattern.lower()}*" if pattern != "*" else "*") is meant


def test_a_host_is_what_the_connection_looks_up() -> None:
    assert host_of("http://\u05d01.example.org/") == "xn--1-zhc.example.org"  # a name that only the newer IDNA knows
    assert is_local(host_of("http://127\u30020\u30020\u30021/"))
    assert host_of("http://[::1]:9200") == "::1"
