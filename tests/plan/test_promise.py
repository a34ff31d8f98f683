"""A saved change held against a fresh one, as plain values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.masking import Json
from reconciler.model.resource import Server
from reconciler.plan.changes import Action, Change, Reason, TargetPlan
from reconciler.plan.diff import FieldChange
from reconciler.plan.make import MakeOptions
from reconciler.plan.promise import differences, keep_promise
from tests.plan.builders import live, live_of, plan_of, slack

NAME = FieldChange(("display_name",), "old", "new")
URL = FieldChange(("webhook_url",), None, {"secret": "https://h/•••", "reference": "env:A"}, delivery=True, secret=True)
UPDATE = Change(
    Action.UPDATE, "search", "SlackChannel", "oncall", "acme_oncall", (Reason.FIELDS_DIFFER,), (NAME,), updated="100"
)
CREATE = Change(Action.CREATE, "search", "SlackChannel", "oncall", "acme_oncall", (Reason.CREATED,), (NAME, URL))
REPLACE = replace(CREATE, action=Action.REPLACE, reasons=(Reason.KIND_CHANGED,), updated="100")
UNVERIFIED = replace(UPDATE, reasons=(Reason.UNVERIFIED,), fields=(), updated="200")


def test_the_same_change_has_no_differences() -> None:
    other = replace(URL, after={"secret": "https://h/•••", "reference": "env:A"})
    assert list(differences(CREATE, replace(CREATE, fields=(NAME, other)))) == []


def test_notes_order_origin_and_guards_are_no_part_of_the_promise() -> None:
    fresh = replace(UPDATE, notes=("n",), needs=(CREATE.key,), held="h", origin=None)
    assert list(differences(UPDATE, fresh)) == []


@pytest.mark.parametrize(
    ("fresh", "words"),
    [
        (replace(UPDATE, action=Action.REPLACE), "would now be: replace"),
        (replace(UPDATE, kind="ChimeChannel"), "would now be: update ChimeChannel"),
        (replace(UPDATE, id="other"), "is now the object other"),
        (replace(UPDATE, updated="101"), "was changed since"),
        (replace(UPDATE, reasons=(Reason.FIELDS_DIFFER, Reason.MARK_LOST)), "reason is now mark lost"),
        (replace(UPDATE, fields=()), "display_name: no longer differs"),
        (replace(UPDATE, fields=(NAME, URL)), "webhook_url: differs now"),
        (replace(UPDATE, fields=(replace(NAME, before="else"),)), "display_name: live is now 'else'"),
        (replace(UPDATE, fields=(replace(NAME, after="else"),)), "display_name: would become 'else'"),
        (replace(UPDATE, fields=(replace(NAME, after=True),)), "display_name: would become True"),
    ],
)
def test_whatever_differs_is_named(fresh: Change, words: str) -> None:
    assert any(words in text for text in differences(UPDATE, fresh))


@pytest.mark.parametrize("saved", [CREATE, REPLACE, replace(UPDATE, fields=(URL,))])
def test_what_is_written_but_unverified_is_finished(saved: Change) -> None:
    assert list(differences(saved, UNVERIFIED)) == []


def test_a_change_that_needed_no_test_is_not_finished_by_one() -> None:
    assert list(differences(UPDATE, UNVERIFIED))
    assert list(differences(replace(CREATE, action=Action.DELETE), UNVERIFIED))


def test_a_replace_that_was_killed_after_its_delete_is_finished_by_its_create() -> None:
    assert list(differences(REPLACE, CREATE)) == []
    assert list(differences(REPLACE, replace(CREATE, fields=(URL,))))


def test_a_pin_counts_where_both_sides_have_one() -> None:
    def pinned(pin: str) -> Change:
        shown: Json = {"secret": "https://h/•••", "reference": "env:A", "pin": pin}
        return replace(CREATE, fields=(replace(URL, after=shown),))

    assert list(differences(pinned("a"), pinned("a"))) == []
    assert any("another value of" in text for text in differences(pinned("a"), pinned("b")))
    assert list(differences(pinned("a"), replace(CREATE, fields=(URL,)))) == []


def test_a_delete_that_is_done_is_done_and_one_that_is_wanted_no_longer_is_refused() -> None:
    gone = live("SlackChannel", "acme_gone", "[acme/gone]")
    saved, _ = plan_of([], [gone], options=MakeOptions(prune=True))
    done, matching = plan_of([], [], options=MakeOptions(prune=True))
    kept = keep_promise(saved, done, matching, None)
    assert kept.moved == ()
    assert kept.plan.notes == ('already done: - SlackChannel "gone"',)
    unmarked, matching = plan_of([], [live("SlackChannel", "acme_gone", "")], options=MakeOptions(prune=True))
    assert "no longer to be deleted" in keep_promise(saved, unmarked, matching, None).moved[0]


def test_a_change_done_to_another_object_is_not_done() -> None:
    saved = TargetPlan("search", "opensearch", Server("OpenSearch", "cluster-1"), changes=(UPDATE,))
    fresh, matching = plan_of([slack()], [replace(live_of(slack()), id="elsewhere")])
    assert fresh.changes == ()
    assert "is now the object elsewhere" in keep_promise(saved, fresh, matching, None).moved[0]


def test_what_the_flags_no_longer_select_is_not_taken_for_done() -> None:
    fresh, matching = plan_of([slack()], [live_of(slack())], options=MakeOptions(names=frozenset()))
    saved = TargetPlan("search", "opensearch", Server("OpenSearch", "cluster-1"), changes=(UPDATE,))
    assert "no longer among those" in keep_promise(saved, fresh, matching, frozenset()).moved[0]


def test_another_provider_is_another_system() -> None:
    fresh, matching = plan_of([slack()], [])
    assert keep_promise(replace(fresh, provider="confluent"), fresh, matching, None).moved
    assert keep_promise(fresh, fresh, matching, None).moved == ()


def test_a_target_that_could_not_be_read_then_shows_nothing_and_so_does_nothing() -> None:
    fresh, matching = plan_of([slack()], [])
    kept = keep_promise(TargetPlan("search", "opensearch"), fresh, matching, None)
    assert kept.moved == ()
    assert kept.plan.changes == ()
    assert [item.name for item in kept.plan.pending] == ["oncall"]
