"""The options of a run: what a saved plan holds of them is said once, by their fields."""

from __future__ import annotations

import dataclasses
import typing

import pytest

from reconciler.engine.options import (
    SCOPE,
    ApplyOptions,
    DestroyOptions,
    DriftOptions,
    Effect,
    PlanningOptions,
    planning_of,
    scope_of,
)
from reconciler.model.resource import When

EVERYTHING = PlanningOptions(
    files=("b.yaml", "a.yaml"),
    targets=("t",),
    only=("x",),
    select=("team=a",),
    exclude=("y",),
    prune=True,
    adopt=True,
    enable=("x",),
    rewrite_secrets=True,
    test_when=When.NEVER,
    allow_replace=True,
    allow_empty=True,
    allow_in_use=("smtp",),
    allow_duplicate=("z",),
    destroy=True,
    max_deletes=0,
    base="main",
    changed_since="v1",
)


def test_every_option_of_planning_is_in_the_scope_or_deliberately_not() -> None:
    names = {item.name for item in dataclasses.fields(PlanningOptions)}
    assert names - set(SCOPE) == {"config", "strict", "parallelism", "timeout", "max_messages"}


def test_a_scope_is_what_was_given_and_can_be_read_back() -> None:
    scope = scope_of(EVERYTHING, {"base": "c0ffee", "changed_since": "beef"})
    assert set(scope) == set(SCOPE)
    for name, rule in SCOPE.items():
        if not rule.is_commit:
            back = rule.from_json(scope[name])
            assert (sorted(back) if isinstance(back, tuple) else back) == rule.to_json(getattr(EVERYTHING, name))
    assert (scope["base"], scope["changed_since"]) == ("c0ffee", "beef")
    assert scope_of(PlanningOptions(), {}) == {}


@pytest.mark.parametrize("name", sorted(SCOPE))
def test_a_value_of_another_type_is_none_of_an_option(name: str) -> None:
    rule = SCOPE[name]
    wrong: list[object] = [{"a": 1}, 1.5, [1], "" if rule.json_type is not str else 3]
    for value in wrong:
        with pytest.raises(ValueError):
            rule.from_json(value)
    assert rule.from_json(None) == rule.default


def test_only_what_narrows_leaves_a_default_run_smaller() -> None:
    """The table by effect, read by a person when it changes."""
    by_effect = {effect: sorted(name for name, rule in SCOPE.items() if rule.effect is effect) for effect in Effect}
    assert by_effect == {
        Effect.NARROWS: ["base", "changed_since", "exclude", "only", "select", "targets"],
        Effect.WIDENS: ["adopt", "destroy", "files", "prune", "rewrite_secrets"],
        Effect.SOFTENS: [
            "allow_duplicate",
            "allow_empty",
            "allow_in_use",
            "allow_replace",
            "enable",
            "max_deletes",
            "test_when",
        ],
    }


def test_flags_are_written_as_the_command_line_has_them() -> None:
    assert SCOPE["files"].flag == "--file"
    assert SCOPE["targets"].flag == "--target"
    assert SCOPE["allow_in_use"].flag == "--allow-in-use"


def test_a_verb_with_fewer_options_plans_with_what_it_has() -> None:
    drift = planning_of(DriftOptions(only=("x",), base="main", timeout=2.0))
    assert (drift.only, drift.base, drift.timeout, drift.prune) == (("x",), "main", 2.0, False)
    destroy = planning_of(DestroyOptions(targets=("t",), max_deletes=3))
    assert (destroy.targets, destroy.max_deletes) == (("t",), 3)


def test_options_are_values_and_hold_no_mapping() -> None:
    hints = typing.get_type_hints(ApplyOptions)
    assert not [name for name, hint in hints.items() if "dict" in str(hint) or "Mapping" in str(hint)]
    with pytest.raises(dataclasses.FrozenInstanceError):
        ApplyOptions().prune = True  # type: ignore[misc]
