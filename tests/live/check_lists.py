"""Lists: late ones before 3.1, and long ones on every version."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest

from reconciler.model.provider import Listing
from reconciler.model.resource import Payload, Resource
from reconciler.providers.opensearch.abilities import is_before
from tests.apply.test_all_kinds import all_applied
from tests.live.check_applies import QUIET, QUIET_PRUNE
from tests.live.check_drift import GROUP
from tests.live.run import LiveRuns, Run
from tests.plan.builders import resource

MANY = 1100  # more than the 1,000 that a list gives unless it is asked for more
MEMBERS = frozenset({"a@example.org"})


def read_all(runs: LiveRuns) -> Listing:
    async def read() -> Listing:
        provider = runs.provider()
        try:
            return await provider.read_all()
        finally:
            await provider.close()

    return asyncio.run(read())


def test_a_late_list_is_named_and_nothing_is_planned_by_it_alone(run: Run, runs: LiveRuns) -> None:
    if not is_before(run.version, "3.1"):
        pytest.skip(f"OpenSearch {run.version} has no late list: that was before 3.1")
    assert read_all(runs).stale
    all_applied(runs.apply([GROUP], QUIET))
    assert runs.plan([GROUP], QUIET).is_empty  # not in the list yet
    runs.cluster.wait_until_listed([runs.key("team")])
    renamed = replace(GROUP, fields={**GROUP.fields, "display_name": "New"})
    all_applied(runs.apply([renamed], QUIET))
    assert runs.plan([renamed], QUIET).is_empty  # the list has the old name
    all_applied(runs.apply([], QUIET_PRUNE))
    assert runs.plan([], QUIET_PRUNE).is_empty  # the list still has it


def test_the_list_shows_a_write_at_once(run: Run, runs: LiveRuns) -> None:
    if is_before(run.version, "3.1"):
        pytest.skip(f"OpenSearch {run.version} shows a write up to a second late; at once from 3.1 on")
    all_applied(runs.apply([GROUP], QUIET))
    listing = read_all(runs)
    assert not listing.stale
    assert runs.key("team") in {live.id for live in listing.objects}


async def make_all(runs: LiveRuns, many: Iterable[Resource]) -> None:
    """Create these as an apply leaves them, without its readings before and after: four calls less for each."""
    provider = runs.provider()
    try:
        await asyncio.gather(*(provider.create(as_applied(runs, item)) for item in many))
    finally:
        await provider.close()


def as_applied(runs: LiveRuns, item: Resource) -> Payload:
    fields = dict(item.fields) | {"description": f"[{runs.owner}/{item.name}]", "enabled": True}
    return Payload(item.kind, fields, runs.key(item.name))


def test_1100_objects_are_listed_whole_planned_as_they_are_and_removed(runs: LiveRuns) -> None:
    many = [resource("EmailGroup", f"many-{number:04}", recipients=MEMBERS) for number in range(MANY)]
    asyncio.run(make_all(runs, many))
    ids = {runs.key(item.name) for item in many}
    runs.cluster.wait_until_listed(ids)
    assert ids <= {live.id for live in read_all(runs).objects}
    assert runs.plan(many, QUIET).is_empty
    runs.cluster.remove(runs.owner)
    assert runs.plan([], QUIET_PRUNE).is_empty
