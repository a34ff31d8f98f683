"""The project file: found, read, and filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.manifests.load_project import find_project, load_project, load_project_text
from reconciler.model.errors import ConfigurationError, ProblemsError
from reconciler.model.values import SecretReference
from reconciler.providers import settings_of

HEAD = "apiVersion: channels.gitops/v1\nkind: Project\nmetadata: {name: acme-prod}\n"
SMALL = HEAD + "spec: {targets: {kafka: {provider: confluent}}}\n"


def refused(text: str) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        load_project_text(text, "main:reconciler.yaml", settings_of)
    assert all(problem.location.file == "main:reconciler.yaml" for problem in caught.value.problems)
    return [problem.rule for problem in caught.value.problems]


def test_what_is_omitted_is_filled_in() -> None:
    project = load_project_text(SMALL, "x", settings_of)
    assert (project.name, project.owner, project.id_prefix) == ("acme-prod", "acme-prod", "acme-prod")
    target = project.targets["kafka"]
    assert (target.parallelism, target.timeout_seconds, target.test_timeout_seconds) == (10, 30, 120)
    assert (target.url, target.version, target.auth, target.insecure, target.tls.verify) == (
        None,
        None,
        None,
        False,
        True,
    )
    assert (project.safety.max_deletes, project.safety.max_delete_percent, project.safety.max_messages) == (5, 30, 50)
    assert (project.manifests, project.defaults, project.test, project.secrets.allow) == ((), {}, {}, None)


def test_the_prefix_of_ids_follows_the_owner() -> None:
    project = load_project_text(SMALL.replace("spec: {", "spec: {owner: acme, "), "x", settings_of)
    assert (project.owner, project.id_prefix) == ("acme", "acme")
    project = load_project_text(SMALL.replace("spec: {", "spec: {owner: acme, id_prefix: a, "), "x", settings_of)
    assert (project.owner, project.id_prefix) == ("acme", "a")


def test_an_owner_of_a_long_name_must_be_written() -> None:
    long = SMALL.replace("acme-prod", "a" * 41)
    assert refused(long) == ["wrong-form"]
    assert load_project_text(long.replace("spec: {", "spec: {owner: acme, "), "x", settings_of).owner == "acme"


def test_credentials_and_own_sources_stay_references() -> None:
    spec = (
        "spec:\n  targets: {os: {provider: opensearch, auth: {basic: {username: {pass: a}, password: {env: P}}}}}\n"
        "  secrets: {sources: {pass: {exec: [pass, show]}}, allow: ['env:*']}\n"
    )
    project = load_project_text(HEAD + spec, "x", settings_of)
    auth: Any = project.targets["os"].auth
    assert (auth.basic.username, auth.basic.password) == (SecretReference("pass", "a"), SecretReference("env", "P"))
    assert project.secrets.sources["pass"].exec == ("pass", "show")
    assert project.secrets.allow == ("env:*",)


def test_test_rules_tell_what_was_written() -> None:
    project = load_project_text(SMALL.replace("spec: {", "spec: {test: {when: never}, "), "x", settings_of)
    assert project.test == {"when": "never"}


def test_warnings_do_not_stop_and_hold_no_value() -> None:
    auth = "kafka: {provider: confluent, tls: {verify: false}, auth: {bearer: {token: planted}}}"
    project = load_project_text(SMALL.replace("kafka: {provider: confluent}", auth), "x", settings_of)
    assert sorted(problem.rule for problem in project.warnings) == ["no-literal-secrets", "tls-not-verified"]
    assert "planted" not in repr(project) + repr(project.warnings)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("", ["one-document"]),
        ("- a\n", ["wrong-type"]),
        ("a: [\n", ["yaml-syntax"]),
        (SMALL.replace("name: acme-prod", "name: a, name: b"), ["duplicate-key"]),
        ("#" * (10 * 2**20 + 1), ["file-too-large"]),
        (SMALL.replace("spec: {", "spec: {required_version: '<0.1', "), ["required-version"]),
        (SMALL.replace("{kafka: {provider: confluent}}", "{}"), ["wrong-form"]),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_bad_project_text_is_reported_as_problems(text: str, rules: list[str]) -> None:
    assert refused(text) == rules


def test_a_bad_project_path_is_reported_as_a_problem(tmp_path: Path) -> None:
    for path, rule in ((tmp_path / "none.yaml", "missing-file"), (tmp_path, "unreadable-file")):
        with pytest.raises(ProblemsError) as caught:
            load_project(path, settings_of)
        assert [problem.rule for problem in caught.value.problems] == [rule]


def test_the_project_file_is_found_in_a_folder_above_but_not_beyond_the_work_tree(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text(SMALL)
    below = tmp_path / "repo" / "a" / "b"
    below.mkdir(parents=True)
    assert find_project(below) == tmp_path / "reconciler.yaml"
    (tmp_path / "repo" / ".git").mkdir()
    with pytest.raises(ConfigurationError, match="--config"):
        find_project(below)
    (tmp_path / "repo" / "reconciler.yaml").write_text(SMALL)
    assert find_project(below) == tmp_path / "repo" / "reconciler.yaml"
