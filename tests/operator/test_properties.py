"""What holds of any status and any schedule: the conventions for conditions, and no message twice for one wish."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.kinds import KINDS
from reconciler.operator.crds import PROJECT
from reconciler.operator.entries import FALSE, TRUE, UNKNOWN, Entry, entries_of
from reconciler.operator.events import events_of
from reconciler.operator.outcomes import APPLIED, FAILED, HELD, PROGRESSING, TARGET_UNREAD
from reconciler.operator.project_status import TargetState, project_status, project_verdicts
from reconciler.operator.published import Published
from reconciler.operator.resources import Behaviour, CustomResource
from reconciler.operator.schedule import TEST_FAILED, Key, Queue, is_held_by_its_test, is_test_due, since_1970
from reconciler.operator.status import (
    Verdict,
    blocked_status,
    blocked_verdicts,
    is_same,
    resource_status,
    suspended_status,
    suspended_verdicts,
)
from tests.operator.fake import CURRENT

_FEW = settings(max_examples=50)
_TEXT = st.sampled_from(["", "as desired", "e\u0301 \n; x", "x" * 2000])
_STATUS = st.sampled_from([TRUE, FALSE, UNKNOWN])
_REASON = st.sampled_from([APPLIED, FAILED, HELD, PROGRESSING, TARGET_UNREAD, TEST_FAILED, ""])
_TIME = st.sampled_from(["", "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z"])
_BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "generation": st.sampled_from([1, 2]),
    "project_generation": st.integers(0, 3),
}
_BY_NAME |= {name: st.booleans() for name in ("applied", "stalled")}
_BY_NAME |= {"secrets": st.dictionaries(st.sampled_from(["slack", "other"]), st.sampled_from(["", "5"]))}
_BY_NAME |= dict.fromkeys(("verified", "drifted"), _STATUS) | {"test_time": _TIME}
_BY_NAME |= dict.fromkeys(("reason", "verified_reason"), _REASON)
_ENTRY = st.builds(
    Entry,
    **{item.name: _BY_NAME.get(item.name, _TEXT) for item in fields(Entry) if item.name != "name"},
    name=st.just(""),
)
_ENTRIES = st.dictionaries(st.sampled_from(["east", "west", "south"]), _ENTRY).map(
    lambda found: {name: replace(entry, name=name) for name, entry in found.items()}
)
_RESOURCE = st.builds(
    CustomResource,
    st.sampled_from(sorted(KINDS)),
    st.just("team"),
    st.just("oncall"),
    generation=st.sampled_from([2, 1]),
)
NOW, LATER = "2026-07-01T00:00:00Z", "2026-07-02T00:00:00Z"


def check_conditions(status: dict[str, Any], generation: int, types: set[str]) -> dict[str, dict[str, Any]]:
    """By the conventions of Kubernetes' API and of kstatus; the conditions by type."""
    assert status["observedGeneration"] == generation
    found = {item["type"]: item for item in status["conditions"]}
    assert len(status["conditions"]) == len(found)
    assert set(found) == types
    for condition in found.values():
        assert condition["status"] in (TRUE, FALSE, UNKNOWN)
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]{0,1023}", condition["reason"])
        assert len(condition["message"]) <= 1024
        assert condition["observedGeneration"] == generation
        assert condition["lastTransitionTime"]
    assert (found["Reconciling"]["status"], found["Stalled"]["status"]) != (TRUE, TRUE)
    if found["Ready"]["status"] == TRUE:
        assert found["Reconciling"]["status"] == found["Stalled"]["status"] == FALSE
    return found


ALL = {"Ready", "Reconciling", "Stalled", "Verified", "Drifted"}


@_FEW
@given(_RESOURCE, _ENTRIES, _TEXT)
def test_any_outcome_is_a_status_by_the_conventions_and_an_honest_one(
    resource: CustomResource, entries: dict[str, Entry], wish: str
) -> None:
    status = resource_status(resource, entries, wish, NOW)
    found = check_conditions(status, resource.generation, ALL)
    current = [entry for entry in entries.values() if entry.generation == resource.generation]
    is_live = bool(entries) and len(current) == len(entries) and all(entry.applied for entry in current)
    assert (found["Ready"]["status"] == TRUE) is is_live
    if found["Verified"]["status"] == TRUE:
        assert is_live
        assert all(entry.verified == TRUE for entry in entries.values())
    if found["Drifted"]["status"] == FALSE:
        assert all(entry.drifted == FALSE for entry in entries.values())


@_FEW
@given(_RESOURCE, _ENTRIES, _TEXT)
def test_a_status_is_written_once_and_is_worth_no_second_event(
    resource: CustomResource, entries: dict[str, Entry], wish: str
) -> None:
    first = replace(resource, status=resource_status(resource, entries, wish, NOW))
    again = resource_status(first, entries_of(first), wish, LATER)
    assert is_same(first.status, again)
    assert [*events_of(first.status, again)] == []


@_FEW
@given(_RESOURCE, _ENTRIES, _TEXT, st.booleans(), st.booleans())
def test_what_is_not_looked_at_is_never_ready_and_keeps_what_is_known(
    resource: CustomResource, entries: dict[str, Entry], text: str, stalled: bool, suspended: bool
) -> None:
    before = replace(resource, status=resource_status(resource, entries, "", NOW))
    if suspended:
        status = suspended_status(before, text, LATER)
    else:
        status = blocked_status(before, "NoProject", text, LATER, stalled=stalled)
    found = check_conditions(status, resource.generation, ALL)
    assert found["Ready"]["status"] != TRUE
    assert status["targets"] == before.status["targets"]


_TARGETS = st.lists(
    st.builds(TargetState, st.sampled_from(["east", "west"]), st.booleans(), _TEXT), unique_by=lambda item: item.name
)


@_FEW
@given(
    _TARGETS,
    st.sampled_from([(), ("EmailChannel",)]),
    st.sampled_from([CURRENT, Published(), Published({**CURRENT.lacks, "SlackChannel": ("spec.test",)})]),
    st.sampled_from(["read", "blocked", "suspended"]),
    _TEXT,
)
def test_a_projects_status_is_by_the_conventions_too(
    targets: list[TargetState], lacking: tuple[str, ...], published: Published, how: str, text: str
) -> None:
    project = CustomResource(PROJECT, "team", "acme", generation=2)
    verdicts: list[Verdict] = project_verdicts(targets, lacking, published)
    if how != "read":
        verdicts = (
            suspended_verdicts(text) if how == "suspended" else blocked_verdicts("Overwritten", text, stalled=True)
        )
    status = project_status(project, targets, [], verdicts, NOW)
    found = check_conditions(status, 2, {"Ready", "Reconciling", "Stalled"})
    if found["Ready"]["status"] == TRUE:
        assert all(target.readable for target in targets)
        assert not lacking
        assert published is CURRENT
    assert [TargetState.read(item) for item in status["targets"]] == targets


@_FEW
@given(_ENTRY)
def test_an_entry_is_read_as_it_was_written(entry: Entry) -> None:
    named = replace(entry, name="search")
    assert Entry.read(named.to_json()) == named


_VALUE = st.sampled_from([None, True, 5, "x", [], {}, {"x": 1}, [{"name": 5}], "\u0000"])
_NAMES = st.sampled_from(["name", "secrets", "applied", "observedGeneration", "reason", "x"])
_JSON = _VALUE | st.lists(_VALUE | st.dictionaries(_NAMES, _VALUE), max_size=3)


@_FEW
@given(_JSON)
def test_whatever_stands_in_a_status_is_read_without_an_error(value: Any) -> None:
    resource = CustomResource("SlackChannel", "team", "oncall", status={"targets": value})
    assert all(isinstance(entry.name, str) for entry in entries_of(resource).values())


@_FEW
@given(_ENTRY, st.text(min_size=1, max_size=9), st.floats(0, 1e10))
def test_one_wish_is_one_message(entry: Entry, wish: str, now: float) -> None:
    resource = CustomResource("SlackChannel", "team", "x", annotations={"channels.gitops/test-requested-at": wish})
    answered = replace(entry, test_requested_at=wish)
    assert not is_test_due(answered, resource, Behaviour(), now)
    assert is_test_due(replace(entry, test_requested_at=f"not {wish}"), resource, Behaviour(), now)


@_FEW
@given(_ENTRY, st.floats(0, 1e7), st.floats(3600, 1e6))
def test_what_failed_is_sent_again_by_itself_once_in_test_every(entry: Entry, passed: float, every: float) -> None:
    resource = CustomResource("SlackChannel", "team", "x", generation=entry.generation)
    project = CustomResource(PROJECT, "team", "acme", generation=entry.project_generation)
    failed = replace(entry, reason=TEST_FAILED, stalled=True, requested_at="")
    now = since_1970(entry.test_time) + passed
    held = is_held_by_its_test(failed, resource, entry.secrets, project, Behaviour(test_every=every), now)
    assert held is (now < since_1970(entry.test_time) + every)
    if held:
        assert not is_held_by_its_test(
            failed, replace(resource, generation=9), entry.secrets, project, Behaviour(test_every=every), now
        )


_KEYS = st.sampled_from([Key("a"), Key("a", "east"), Key("b")])
_STEPS = st.lists(
    st.tuples(st.sampled_from(["mark", "soon", "take", "done", "failed", "forget"]), _KEYS, st.floats(0, 20))
)


@_FEW
@given(_STEPS)
def test_no_key_is_given_out_twice_and_no_mark_is_lost(steps: list[tuple[str, Key, float]]) -> None:
    queue, now, running, marked = Queue(), 0.0, set[Key](), set[Key]()
    for step, key, passed in steps:
        now += passed
        if step == "mark":
            queue.mark(key, now)
            marked.add(key)
        elif step == "soon":
            queue.soon(key, now)
        elif step == "take" and (taken := queue.take(now)) is not None:
            assert taken not in running
            running.add(taken)
            marked.discard(taken)
        elif step in ("done", "failed", "forget") and key in running:
            running.discard(key)
            if step == "done":
                queue.done(key, now, 600.0)
            elif step == "failed":
                queue.failed(key, now, 0.5)
            else:
                queue.forget(key)
    for key in running:
        queue.forget(key)
    while marked:
        now += queue.longest
        taken = queue.take(now)
        assert taken is not None
        marked.discard(taken)
