"""Properties of planning and applying, over generated projects, on the provider in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.apply.journal import Journal
from reconciler.apply.run import Stop, apply_targets
from reconciler.apply.session import Session
from reconciler.engine.read import read_and_plan
from reconciler.model.resource import Resource, Server, Settings, TestPolicy, When
from reconciler.model.values import SecretReference, SecretText
from reconciler.plan.changes import Plan, TargetPlan
from reconciler.plan.guards import GuardOptions, hold_back
from reconciler.plan.make import MakeOptions, make_target_plan
from reconciler.plan.marks import Matching
from reconciler.plan.promise import keep_promise
from reconciler.plan.saved import parse_document, parse_plan, plan_document
from tests.plan.builders import MASKER, OWNERSHIP, resource, slack
from tests.providers.memory import MemoryProvider

PRUNE = MakeOptions(prune=True)
CHATS = frozenset(f"chat{number}" for number in range(5))  # of a few addresses, so that some look like renames
ALLOWED = GuardOptions(max_deletes_flag=100, allow_replace=True, allow_duplicate=CHATS)
SECRET = "unique-secret-of-the-properties"
SECRETS = {
    SecretReference("env", f"URL_{number}"): SecretText(f"https://hooks.slack.com/services/T1/B1/{SECRET}{number}")
    for number in range(2)
}
NEVER = Settings(test=TestPolicy(when=When.NEVER))


@st.composite
def projects(draw: st.DrawFn) -> list[Resource]:
    """Some channels of two kinds, and mail with its account and group, in any state of completeness."""
    made: list[Resource] = []
    for number in draw(st.sets(st.integers(0, 4), max_size=5)):
        url = draw(st.sampled_from(sorted(SECRETS, key=str)))
        item = slack(
            f"chat{number}", settings=NEVER, webhook_url=url, description=draw(st.sampled_from(["", "a", "b"]))
        )
        if draw(st.booleans()):
            item = replace(item, kind="ChimeChannel")
        if draw(st.booleans()):
            item = replace(item, fields={**item.fields, "enabled": draw(st.booleans())})
        made.append(item)
    if draw(st.booleans()):
        people = draw(st.sets(st.sampled_from(["a@example.org", "b@example.org"]), min_size=1))
        host = draw(st.sampled_from(["h1", "h2"]))
        made += [
            resource("SmtpAccount", "smtp", settings=NEVER, host=host, from_address="ops@example.org"),
            resource("EmailChannel", "mail", settings=NEVER, sender="smtp", recipients=frozenset(people)),
        ]
    return draw(st.permutations(made))


class World:
    """A provider in memory, and what a whole run of the command does to it."""

    def __init__(self) -> None:
        self.provider = MemoryProvider()

    def plan(self, resources: Iterable[Resource]) -> tuple[TargetPlan, Matching]:
        def make(server: Server, matching: Matching) -> TargetPlan:
            return make_target_plan("search", "memory", server, matching, SECRETS, MASKER, PRUNE)

        plan, matching = asyncio.run(read_and_plan(self.provider, list(resources), OWNERSHIP, make))
        return hold_back(plan, matching, ALLOWED), matching

    def apply(self, resources: Iterable[Resource], saved: TargetPlan | None = None, first: int | None = None) -> None:
        """Apply; only what a saved plan shows, if one is given; only the first changes, as if killed then."""
        plan, matching = self.plan(resources)
        if saved is not None:
            kept = keep_promise(saved, plan, matching, None)
            assert kept.moved == ()
            plan = kept.plan
        if first is not None:
            plan = replace(plan, changes=plan.changes[:first])
        asyncio.run(self._carry_out(plan, matching))

    async def _carry_out(self, plan: TargetPlan, matching: Matching) -> None:
        stop = Stop()
        session = Session(self.provider, plan, matching, SECRETS, OWNERSHIP, Journal(), stop=stop.soft)
        result = await apply_targets([session], stop)
        assert result.exit_code == 0, result

    def state(self) -> dict[str, tuple[object, object]]:
        return {name: (item.kind, item.fields) for name, item in self.provider.objects.items()}


@settings(max_examples=40)
@given(projects(), projects())
def test_applying_a_plan_leaves_nothing_to_plan(before: list[Resource], after: list[Resource]) -> None:
    world = World()
    for resources in (before, after):
        world.apply(resources)
        assert world.plan(resources)[0].is_empty


@settings(max_examples=40)
@given(projects(), projects(), st.data())
def test_a_saved_plan_cut_short_anywhere_and_applied_again_ends_where_the_whole_one_does(
    before: list[Resource], after: list[Resource], data: st.DataObject
) -> None:
    whole, cut = World(), World()
    for world in (whole, cut):
        world.apply(before)
    saved = json.dumps(plan_document(Plan("p", "acme", (cut.plan(after)[0],))))
    promise = parse_plan(parse_document(saved, "plan.json"), "plan.json").targets[0]
    whole.apply(after)
    first = data.draw(st.integers(0, len(promise.changes)))
    cut.apply(after, promise, first)
    cut.apply(after, promise)
    assert cut.state() == whole.state()
    assert cut.plan(after)[0].is_empty


@settings(max_examples=40)
@given(projects(), projects())
def test_no_secret_is_in_any_plan(before: list[Resource], after: list[Resource]) -> None:
    world = World()
    world.apply(before)
    plan = Plan("p", "acme", (world.plan(after)[0],))
    for text in (json.dumps(plan_document(plan)), repr(plan)):
        assert SECRET[:8] not in text


@settings(max_examples=40)
@given(projects(), projects(), st.data())
def test_whatever_is_changed_by_hand_after_a_plan_is_never_overwritten_by_it(
    before: list[Resource], after: list[Resource], data: st.DataObject
) -> None:
    world = World()
    world.apply(before)
    saved, _ = world.plan(after)
    touched = [change for change in saved.changes if change.id in world.provider.objects]
    if not touched:
        return
    change = data.draw(st.sampled_from(touched))
    live = world.provider.objects[change.id or ""]
    world.provider.objects[live.id] = replace(live, fields={**live.fields, "enabled": "by hand"}, updated="later")
    plan, matching = world.plan(after)
    moved = keep_promise(saved, plan, matching, None).moved
    assert any(f'"{change.name}"' in text for text in moved)
