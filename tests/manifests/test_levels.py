"""The levels of lint rules: the project's, what a manifest silences, and what it cannot."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

import reconciler
from reconciler.manifests.lint import levels_of, silences_of, with_levels
from reconciler.manifests.load import load_manifests
from reconciler.manifests.manifest import Manifest
from reconciler.model.errors import Level, Problem
from reconciler.model.lint import LINT_RULES, LintLevel
from reconciler.report.rules import RULES

PLAIN = "no-literal-secrets"
REASON = "a sandbox, OPS-7"
PACKAGE = Path(reconciler.__file__).parent


def load(folder: Path, *specs: dict[str, object]) -> tuple[tuple[Manifest, ...], tuple[Problem, ...]]:
    """Slack channels `a`, `b`, ... with these specs, each with its address written out."""
    for name, spec in zip("abc", specs, strict=False):
        document = {
            "apiVersion": "channels.gitops/v1",
            "kind": "SlackChannel",
            "metadata": {"name": name},
            "spec": {"webhook_url": "https://hooks.slack.com/services/T0/B0/x", **spec},
        }
        (folder / f"{name}.yaml").write_text(json.dumps(document))
    loaded = load_manifests([folder], root=folder)
    return loaded.manifests, loaded.problems


def judged(folder: Path, levels: dict[str, LintLevel], *specs: dict[str, object]) -> list[tuple[str, str, str]]:
    """What stands against each manifest: subject, rule and level."""
    manifests, problems = load(folder, *specs)
    silences = silences_of(manifests)
    found = with_levels(problems, levels_of(levels, silences), manifests, silences)
    return [(item.subject[-2], item.rule, item.level.value) for item in found]


def silenced(rule: str = PLAIN) -> dict[str, object]:
    return {"lint": {rule: {"off": REASON}}}


def test_a_rule_has_the_level_of_its_own_where_the_project_says_nothing(tmp_path: Path) -> None:
    assert judged(tmp_path, {}, {}) == [("a", PLAIN, "warning")]


@pytest.mark.parametrize("level", LintLevel)
def test_the_project_sets_the_level_for_every_manifest(tmp_path: Path, level: LintLevel) -> None:
    expected = [] if level is LintLevel.OFF else [("a", PLAIN, level.value), ("b", PLAIN, level.value)]
    assert judged(tmp_path, {PLAIN: level}, {}, {}) == expected


def test_a_manifest_silences_a_rule_for_itself_alone(tmp_path: Path) -> None:
    assert judged(tmp_path, {}, silenced(), {}) == [("b", PLAIN, "warning")]


def test_what_is_silenced_is_one_rule_and_no_other(tmp_path: Path) -> None:
    assert judged(tmp_path, {}, silenced("bare-host")) == [("a", PLAIN, "warning")]


def test_what_the_project_sets_to_error_no_manifest_silences(tmp_path: Path) -> None:
    assert judged(tmp_path, {PLAIN: LintLevel.ERROR}, silenced()) == [
        ("a", PLAIN, "error"),
        ("a", "not-to-be-silenced", "error"),
    ]


def test_a_silence_is_kept_with_its_reason_even_where_the_rule_is_off(tmp_path: Path) -> None:
    manifests, _ = load(tmp_path, silenced())
    assert [str(item) for item in silences_of(manifests)] == [f'SlackChannel "a": {PLAIN} is silenced: {REASON}']


@pytest.mark.parametrize(
    ("lint", "rule"),
    [
        ({PLAIN: {"off": ""}}, "wrong-form"),
        ({PLAIN: {"off": "  "}}, "wrong-form"),
        ({PLAIN: {"off": True}}, "wrong-type"),
        ({PLAIN: {}}, "missing-field"),
        ({PLAIN: "off"}, "wrong-type"),
        ({"unknown-field": {"off": REASON}}, "unknown-field"),
        ({"tls-not-verified": {"off": REASON}}, "unknown-field"),
    ],
)
def test_a_silence_needs_a_reason_and_a_rule_that_a_manifest_can_break(
    tmp_path: Path, lint: dict[str, object], rule: str
) -> None:
    manifests, problems = load(tmp_path, {"lint": lint})
    assert manifests == ()
    assert rule in {item.rule for item in problems if item.level is Level.ERROR}


def test_a_finding_of_a_lint_rule_names_it_and_no_other_does(tmp_path: Path) -> None:
    _, (problem,) = load(tmp_path, {})
    assert str(problem).endswith(f"({PLAIN})")
    _, problems = load(tmp_path, {"nonsense": 1})
    assert not any(str(item).endswith("(unknown-field)") for item in problems)


def _is_warning(argument: ast.keyword) -> bool:
    return argument.arg == "level" and ast.unparse(argument.value) == "Level.WARNING"


def warnings_in_the_source() -> set[str]:
    """The rules of every problem that the source words as a warning."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and any(_is_warning(item) for item in node.keywords):
                found |= {str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)} & RULES.keys()
    return found


def test_every_warning_is_a_lint_rule_and_every_lint_rule_a_warning() -> None:
    assert warnings_in_the_source() == set(LINT_RULES)
