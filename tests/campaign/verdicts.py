"""What must hold after a case, whatever went wrong in it. Every breach is a line; none means that all is well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.apply.results import ChangeResult, Status
from reconciler.model.resource import When
from reconciler.plan.changes import Action
from tests.campaign.cases import Case
from tests.campaign.world import FOREIGN, SECRET, Ended, World

__all__ = ["after_the_first", "after_the_second"]

Configs = dict[str, dict[str, Any]]


def after_the_first(before: Configs, ended: Ended, now: Configs, *, is_late: bool = False) -> Iterator[str]:
    """The run that met the fault. `is_late`: a write may be carried out long after it was given up."""
    yield from _nothing_leaked(ended)
    yield from _nothing_foreign_changed(now)
    yield from _tested_once(ended)
    if not is_late:
        for name, result in ended.results.items():
            yield from _told_the_truth(name, result, before, now)


def after_the_second(
    world: World, case: Case, wanted: dict[str, dict[str, Any]], first: Ended, second: Ended
) -> Iterator[str]:
    """The run that was not disturbed, some time later."""
    now = world.configs()
    yield from _nothing_leaked(second)
    yield from _nothing_foreign_changed(now)
    yield from _tested_once(second)
    yield from _nothing_twice(now)
    if second.result is None or second.result.exit_code:
        yield f"the second run ended badly: {second.printed}"
    live = {object_id: item["config"] for object_id, item in now.items()}
    for object_id in sorted(live.keys() | wanted.keys()):
        if live.get(object_id) != wanted.get(object_id):
            yield f"{object_id} is {live.get(object_id)}, and should be {wanted.get(object_id)}"
    again = case.bad | {item.name for item in case.second if item.settings.test.when is When.ALWAYS}
    verified = {name for name, item in first.results.items() if item.verified and _is_done(item)}
    for object_id in second.sent:
        name = _name_of(object_id)
        if name in verified - again and not case.is_late and not _is_through_another(name):
            yield f"{name} was verified by the first run, and tested again by the second"


def _is_done(item: ChangeResult) -> bool:
    return item.status is Status.APPLIED


def _is_through_another(name: str) -> bool:
    return name == "mail"  # it carries the verdicts of its account and its group


def _name_of(object_id: str) -> str:
    return object_id.removeprefix("acme_").partition("_canary_")[0]


def _nothing_leaked(ended: Ended) -> Iterator[str]:
    if SECRET in ended.printed:
        place = ended.printed.index(SECRET)
        yield f"a secret was printed: {ended.printed[max(0, place - 80) : place]}..."


def _nothing_foreign_changed(now: Configs) -> Iterator[str]:
    for item in FOREIGN:
        if now.get(item["config_id"]) != item:
            yield f"{item['config_id']} is not ours, and was changed"


def _tested_once(ended: Ended) -> Iterator[str]:
    for object_id in sorted(set(ended.sent)):
        if ended.sent.count(object_id) > 1:
            yield f"{object_id} was tested {ended.sent.count(object_id)} times"
    due = len(ended.plan.messages) if ended.plan else 0
    if len(ended.sent) > due:
        yield f"{len(ended.sent)} tests were sent, and {due} were due"


def _nothing_twice(now: Configs) -> Iterator[str]:
    marks = [item["config"]["description"].rpartition("[")[2] for item in now.values() if "[" in str(item["config"])]
    for mark in sorted(set(marks)):
        if marks.count(mark) > 1:
            yield f"{marks.count(mark)} objects carry the mark [{mark}"


def _told_the_truth(name: str, result: ChangeResult, before: Configs, now: Configs) -> Iterator[str]:
    object_id = f"acme_{name}"
    live, former = now.get(object_id), before.get(object_id)
    if result.status in (Status.REJECTED, Status.ROLLED_BACK) and (live and live["config"]) != (
        former and former["config"]
    ):
        yield f"{name} is said to be rolled back, and is not as it was"
    if result.status is Status.APPLIED:
        yield from _is_applied(name, result, live)


def _is_applied(name: str, result: ChangeResult, live: dict[str, Any] | None) -> Iterator[str]:
    if result.change.action is Action.DELETE:
        if live is not None:
            yield f"{name} is said to be deleted, and is there"
    elif live is None:
        yield f"{name} is said to be applied, and is not there"
    elif "unverified" in live["config"]["description"]:
        yield f"{name} is said to be applied, and is marked unverified"
