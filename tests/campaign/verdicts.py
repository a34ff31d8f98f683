"""What must hold after a case, whatever went wrong in it. Every breach is a line; none means that all is well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.apply.results import ChangeResult, Status
from reconciler.model.errors import Exit
from reconciler.model.resource import When
from reconciler.plan.changes import Action
from reconciler.simulator.faults import FaultKind
from tests.campaign.cases import Case
from tests.campaign.claims import no_yes_without_evidence, says_what_it_ended_with, says_what_was_done
from tests.campaign.crosses import Cross
from tests.campaign.states import OTHERS, SECRET
from tests.campaign.world import Ended, World

__all__ = ["after_the_first", "after_the_second"]

Configs = dict[str, dict[str, Any]]

_BACK = (Status.REJECTED, Status.ROLLED_BACK)
_STANDS = (Status.APPLIED, Status.KEPT, Status.HELD)


def after_the_first(world: World, case: Case, before: Configs, ended: Ended) -> Iterator[str]:
    """The run that met the fault."""
    now = world.configs()
    yield from _nothing_leaked(ended)
    yield from _nothing_of_others_changed(now)
    yield from _tested_once(ended)
    yield from no_yes_without_evidence(ended)
    yield from says_what_it_ended_with(ended)
    yield from _deletes_came_last(ended)
    yield from _what_the_crosses_say(case, before, ended, now)
    if case.is_undisturbed:
        yield from _dead_receivers_were_caught(world, case, ended)
    if case.is_late or case.intrude_at:
        return  # a write may be carried out long after it was given up, and another hand writes too
    yield from says_what_was_done(ended, before, now)
    for result in ended.every:
        yield from _reported_the_truth(result, before, now)


def after_the_second(
    world: World, case: Case, wanted: dict[str, dict[str, Any]], first: Ended, second: Ended
) -> Iterator[str]:
    """The run that was not disturbed, some time later."""
    now = world.configs()
    yield from _nothing_leaked(second)
    yield from _nothing_of_others_changed(now)
    yield from _tested_once(second)
    yield from no_yes_without_evidence(second)
    yield from _nothing_twice(case, now)
    if second.result is None or second.result.exit_code:
        yield f"the second run ended badly: {second.printed}"
    live = {object_id: item["config"] for object_id, item in now.items()}
    for object_id in sorted(live.keys() | wanted.keys()):
        if live.get(object_id) != wanted.get(object_id):
            yield f"{object_id} is {live.get(object_id)}, and should be {wanted.get(object_id)}"
    for cross in case.crossed:
        for object_id in cross.stays:
            if now.get(object_id) != next(item for item in cross.live if item["config_id"] == object_id):
                yield f"{object_id} was to stay as it was"
    again = case.bad | case.wordless
    again |= {item.name for item in case.second if item.settings.test.when is When.ALWAYS}
    verified = {name for name, item in first.results.items() if item.verified and item.status is Status.APPLIED}
    for object_id in second.sent:
        name = _name_of(object_id)
        if name in verified - again and not case.is_late and not _is_through_another(name):
            yield f"{name} was verified by the first run, and tested again by the second"


def _is_through_another(name: str) -> bool:
    return name == "mail"  # it carries the verdicts of its account and its group


def _name_of(object_id: str) -> str:
    return object_id.removeprefix("acme_").partition("_canary_")[0]


def _nothing_leaked(ended: Ended) -> Iterator[str]:
    if SECRET in ended.printed:
        place = ended.printed.index(SECRET)
        yield f"a secret was printed: {ended.printed[max(0, place - 80) : place]}..."


def _nothing_of_others_changed(now: Configs) -> Iterator[str]:
    for item in OTHERS:
        if now.get(item["config_id"]) != item:
            yield f"{item['config_id']} is not ours, and was changed"


def _tested_once(ended: Ended) -> Iterator[str]:
    for object_id in sorted(set(ended.sent)):
        if ended.sent.count(object_id) > 1:
            yield f"{object_id} was tested {ended.sent.count(object_id)} times"
    due = len(ended.plan.messages) if ended.plan else 0
    if len(ended.sent) > due:
        yield f"{len(ended.sent)} tests were sent, and {due} were due"


def _nothing_twice(case: Case, now: Configs) -> Iterator[str]:
    marks = [item["config"]["description"].rpartition("[")[2] for item in now.values() if "[" in str(item["config"])]
    copies = {f"{mark}]" for cross in case.crossed for mark in cross.marks_twice}
    for mark in sorted(set(marks) - copies):
        if marks.count(mark) > 1:
            yield f"{marks.count(mark)} objects carry the mark [{mark}"


def _deletes_came_last(ended: Ended) -> Iterator[str]:
    """What no manifest names is deleted only where all else stands."""
    fell = [item for item in ended.every if item.change.action is not Action.DELETE and item.status not in _STANDS]
    for item in ended.every:
        if fell and item.change.is_inferred and item.status is Status.APPLIED:
            yield f"{item.change.id} was deleted, though {fell[0].change.name} came to nothing ({fell[0].status})"


def _what_the_crosses_say(case: Case, before: Configs, ended: Ended, now: Configs) -> Iterator[str]:
    for cross in case.crossed:
        for object_id in sorted(cross.stays | cross.stays_first):
            if now.get(object_id) != before.get(object_id):
                yield f"{object_id} was to stay as it was in the first run ({cross.name})"
        for item in ended.every:
            if item.change.id in cross.held and item.status is not Status.HELD:
                yield f"{item.change.id} was to be held, and is {item.status} ({cross.name})"
        for object_id in cross.muted & now.keys():
            if now[object_id]["config"]["is_enabled"]:
                yield f"{object_id} was enabled, and nobody asked for it"
            if {object_id} & {f"acme_{_name_of(sent)}" for sent in ended.sent}:
                yield f"{object_id} is disabled, and was tested"
        is_planned = ended.plan is not None and bool(cross.held or cross.muted)
        if (
            (is_planned or case.is_undisturbed)
            and cross.says not in ended.printed
            and not _is_held_for_a_refused_look(case, cross, ended)
        ):
            yield f"the first run does not say {cross.says!r} ({cross.name})"
    if case.is_undisturbed and not (case.bad or case.wordless):
        code = max((cross.code for cross in case.crossed), default=Exit.DONE)
        if ended.result is None or ended.result.exit_code != code:
            yield f"the first run did not end with {code}: {ended.printed}"


def _is_held_for_a_refused_look(case: Case, cross: Cross, ended: Ended) -> bool:
    """Whether a fault refused a read (403), so that the same change is held because its object may be hidden."""
    is_refused = any(fault.kind is FaultKind.ANSWER and fault.status == 403 for fault in case.faults)
    held = [item.change.held for item in ended.every if item.change.id in cross.held and item.status is Status.HELD]
    return is_refused and any("your roles may not see it" in reason for reason in held)


def _dead_receivers_were_caught(world: World, case: Case, ended: Ended) -> Iterator[str]:
    """A dead receiver in every way; one without words where it is not known that the server keeps them back."""
    muted = {_name_of(object_id) for cross in case.crossed for object_id in cross.muted}
    caught = case.bad if world.is_known_to_be_old(case.crossed) else case.bad | case.wordless
    renamed = {"words": "words-now"} if "renamed" in case.crosses else {}
    for name in sorted(caught - muted):
        result = ended.results.get(renamed.get(name, name))
        if result is None or result.status not in _BACK:
            yield f"{name} failed its test and was not rolled back"


def _reported_the_truth(result: ChangeResult, before: Configs, now: Configs) -> Iterator[str]:
    object_id = result.change.id or ""
    live, former = now.get(object_id), before.get(object_id)
    if result.status in _BACK and (live and live["config"]) != (former and former["config"]):
        yield f"{object_id} is said to be rolled back, and is not as it was"
    if result.status is Status.APPLIED:
        yield from _is_applied(result, object_id, live)


def _is_applied(result: ChangeResult, object_id: str, live: dict[str, Any] | None) -> Iterator[str]:
    if result.change.action is Action.DELETE:
        if live is not None:
            yield f"{object_id} is said to be deleted, and is there"
    elif live is None:
        yield f"{object_id} is said to be applied, and is not there"
    elif f"[acme/{result.change.name}" not in live["config"]["description"]:
        yield f"{object_id} is said to be applied, and does not carry its mark"
    elif "unverified" in live["config"]["description"] and live["config"]["is_enabled"]:
        yield f"{object_id} is said to be applied, and is marked unverified"
