"""Whole applies: every kind from nothing to each state and back, with nothing left to plan after each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.resource import When
from reconciler.plan.make import MakeOptions
from tests.apply.test_all_kinds import CASES, SES, TEAM, all_applied, made
from tests.live.run import LiveRuns, RealTarget

QUIET = MakeOptions(when=When.NEVER)  # the addresses are real services' own: nothing is sent to them
QUIET_PRUNE = replace(QUIET, prune=True)


@pytest.mark.parametrize("kind", sorted(CASES))
def test_a_kind_goes_from_nothing_to_each_state_and_back_and_every_plan_after_is_empty(
    place: RealTarget, runs: LiveRuns, kind: str
) -> None:
    place.holds(kind)
    first, change = CASES[kind]
    needed = [SES, TEAM] if kind == "EmailChannel" else []
    before = made(kind, first)
    after = replace(before, fields={**before.fields, **change})
    for wanted in (before, after, before):
        assert runs.plan([*needed, wanted], QUIET).messages == ()
        all_applied(runs.apply([*needed, wanted], QUIET))
        assert runs.plan([*needed, wanted], QUIET).is_empty
        if wanted is after:  # before 3.1 the list may still show the first state, which is what the next step wants
            runs.cluster.wait_until_current([runs.key(item.name) for item in (*needed, before)])
    all_applied(runs.apply([], QUIET_PRUNE))
    assert runs.plan([], QUIET_PRUNE).is_empty
    assert all(runs.is_gone(item.name) for item in (*needed, before))


def test_an_object_of_another_kind_takes_the_place_of_the_first(runs: LiveRuns) -> None:
    group = made("EmailGroup", CASES["EmailGroup"][0])
    account = made("SmtpAccount", CASES["SmtpAccount"][0])
    for wanted in (group, account):
        all_applied(runs.apply([wanted], QUIET))
        assert runs.plan([wanted], QUIET).is_empty
    assert runs.cluster.read(runs.key("x"))["config_type"] == "smtp_account"
