"""A list that lags, as of servers before 3.1: nothing is planned or held by what only the list says."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings

from reconciler.engine.read import read_and_plan
from reconciler.model.errors import ForbiddenError
from reconciler.model.resource import Payload, Resource, Server
from reconciler.model.values import SecretReference
from reconciler.plan.changes import Action, Change, Reason, TargetPlan
from reconciler.plan.guards import GuardOptions, hold_back
from reconciler.plan.make import MakeOptions, make_target_plan
from reconciler.plan.marks import Matching, Ownership
from tests.apply.test_all_kinds import CASES, made
from tests.engine.test_properties import World, projects
from tests.plan.builders import MASKER, OWNERSHIP, SECRETS, resource, slack
from tests.providers.memory import MemoryAbilities, MemoryProvider

PRUNE = MakeOptions(prune=True)
GROUP = resource("EmailGroup", "team", recipients=frozenset({"a@example.org"}))
KINDS_WITH_IDS = sorted(kind for kind in CASES if kind != "Subscription")


def late(chooses_ids: bool = True) -> MemoryProvider:
    return MemoryProvider(MemoryAbilities(chooses_ids=chooses_ids), is_stale=True)


def held(
    provider: MemoryProvider,
    wanted: Iterable[Resource],
    options: MakeOptions = MakeOptions(),
    ownership: Ownership = OWNERSHIP,
) -> TargetPlan:
    """What a run plans and holds."""

    def make_plan(server: Server, matching: Matching) -> TargetPlan:
        return make_target_plan("search", "memory", server, matching, SECRETS, MASKER, options)

    plan, matching = asyncio.run(read_and_plan(provider, list(wanted), ownership, make_plan))
    return hold_back(plan, matching, GuardOptions(max_deletes_flag=100))


def payload(item: Resource, description: str = "", object_id: str | None = None) -> Payload:
    fields = {
        name: SECRETS.get(value, value) if isinstance(value, SecretReference) else value
        for name, value in item.fields.items()
    }
    return Payload(item.kind, {"enabled": True} | fields | {"description": description}, object_id)


def now(provider: MemoryProvider, object_id: str, item: Resource, description: str = "") -> None:
    """What another hand writes, and the list does not show yet."""
    asyncio.run(provider.update(object_id, payload(item, description), provider.objects[object_id]))


def only(changes: Collection[Change]) -> Change:
    (change,) = changes
    return change


@pytest.mark.parametrize("kind", KINDS_WITH_IDS)
def test_a_create_is_not_held_for_a_look_alike_that_is_gone(kind: str) -> None:
    wanted, provider = made(kind, CASES[kind][0]), late()
    needed = [GROUP, resource("SesAccount", "ses", region="eu-west-1", from_address="a@example.org")]
    provider.put(payload(wanted), "by-hand")
    assert held(provider, [*needed, wanted]).changes[-1].held
    asyncio.run(provider.delete("by-hand"))
    change = next(change for change in held(provider, [*needed, wanted]).changes if change.kind == kind)
    assert (change.action, change.held) == (Action.CREATE, "")


@pytest.mark.parametrize("chooses_ids", [True, False])
@pytest.mark.parametrize(
    ("description", "display_name"),
    [("[acme/other]", "team"), ("[somebody/team]", "team"), ("", "Another name by now")],
    ids=["marked as ours", "marked as another's", "renamed"],
)
def test_a_look_alike_is_judged_as_it_is_now(chooses_ids: bool, description: str, display_name: str) -> None:
    ownership = OWNERSHIP if chooses_ids else Ownership("acme")
    provider = late(chooses_ids)
    provider.put(payload(GROUP), "by-hand")
    now(provider, "by-hand", replace(GROUP, fields={**GROUP.fields, "display_name": display_name}), description)
    change = only(held(provider, [GROUP], ownership=ownership).changes)
    assert change.action is Action.CREATE
    assert "an unmanaged object" not in change.held  # ours with this address is held as a probable rename


def test_a_look_alike_that_got_this_resources_own_mark_is_it() -> None:
    provider = late()
    provider.put(payload(GROUP), "by-hand")
    now(provider, "by-hand", GROUP, "[acme/team]")
    assert held(provider, [GROUP]).changes == ()


def test_what_a_second_reading_shows_is_doubted_too() -> None:
    """`acme_team` is `other` by now, so `team` gets the next id, whose object the list does not know either."""
    provider = late()
    provider.put(payload(GROUP, "[acme/team]"), "acme_team")
    now(provider, "acme_team", GROUP, "[acme/other]")
    asyncio.run(provider.create(payload(GROUP, "[acme/team]", "acme_team_2")))
    other = replace(GROUP, name="other", fields={**GROUP.fields, "display_name": "team"})
    assert held(provider, [GROUP, other]).changes == ()


def test_a_delete_is_not_held_for_a_user_that_is_gone_or_has_let_go() -> None:
    ses = resource("SesAccount", "ses", region="eu-west-1", from_address="a@example.org")
    mail = resource("EmailChannel", "mail", sender="acme_ses", recipients=frozenset({"a@example.org"}))
    for still in (False, True):
        provider = late()
        provider.put(payload(replace(ses, name="another")), "another")
        provider.put(payload(ses, "[acme/ses]"), "acme_ses")
        provider.put(payload(mail), "by-hand")
        assert "still in use" in only(held(provider, [], PRUNE).changes).held
        if still:
            now(provider, "by-hand", replace(mail, fields={**mail.fields, "sender": "another"}))
        else:
            asyncio.run(provider.delete("by-hand"))
        assert only(held(provider, [], PRUNE).changes).held == ""


def test_no_reference_dangles_to_what_was_made_a_moment_ago() -> None:
    """As when one file after another is applied by itself."""
    provider = late()
    ses = resource("SesAccount", "ses", region="eu-west-1", from_address="a@example.org")
    asyncio.run(provider.create(payload(ses, "[acme/ses]", "acme_ses")))
    mail = resource("EmailChannel", "mail", sender="ses", recipients=frozenset({"a@example.org"}))
    plan = held(provider, [mail])
    assert (plan.refusals, only(plan.changes).action) == ((), Action.CREATE)


def test_nothing_is_refused_for_what_is_gone() -> None:
    """Another kind of object without our mark under our id; two that could be adopted; a copy of our mark."""
    provider = late()
    provider.put(payload(slack("team")), "acme_team")
    assert held(provider, [GROUP]).refusals
    asyncio.run(provider.delete("acme_team"))
    assert only(held(provider, [GROUP]).changes).held == ""
    adopting, provider = replace(OWNERSHIP, adopt=True), late()
    for object_id in ("one", "two"):
        provider.put(payload(GROUP), object_id)
    assert held(provider, [GROUP], ownership=adopting).refusals
    asyncio.run(provider.delete("one"))
    assert Reason.ADOPTED in only(held(provider, [GROUP], ownership=adopting).changes).reasons
    provider = late()
    for object_id in ("acme_team", "copy"):
        provider.put(payload(GROUP, "[acme/team]"), object_id)
    assert held(provider, [GROUP]).copies
    asyncio.run(provider.delete("copy"))
    assert held(provider, [GROUP]).copies == ()


def test_an_id_that_is_hidden_from_us_holds_what_no_manifest_names_too() -> None:
    provider = late()
    provider.put(payload(slack("zebra"), "[acme/zebra]"), "acme_zebra")
    provider.fail("read", ForbiddenError("not yours", status=403))  # the first id in order, acme_hidden
    hidden = replace(GROUP, name="hidden", fields={**GROUP.fields, "display_name": "hidden"})
    plan = held(provider, [GROUP, hidden], PRUNE)
    assert {change.name: bool(change.held) for change in plan.changes} == {"hidden": True, "team": False, "zebra": True}
    assert 'EmailGroup "hidden" cannot be created' in next(item.held for item in plan.changes if item.name == "zebra")


def test_an_id_that_is_hidden_from_us_holds_its_create_alone() -> None:
    provider = late()
    provider.fail("read", ForbiddenError("not yours", status=403))  # the first id in order, acme_hidden
    hidden = replace(GROUP, name="hidden", fields={**GROUP.fields, "display_name": "hidden"})
    plan = held(provider, [GROUP, hidden])
    assert {change.name: bool(change.held) for change in plan.changes} == {"hidden": True, "team": False}
    assert "your roles may not see it" in next(change.held for change in plan.changes if change.held)


def test_a_listed_object_that_may_not_be_read_is_an_error_of_the_target() -> None:
    provider = late()
    provider.put(payload(GROUP, "[acme/team]"), "acme_team")
    provider.fail("read", ForbiddenError("not yours", status=403))
    with pytest.raises(ForbiddenError):
        held(provider, [], PRUNE)


@settings(max_examples=25)
@given(projects(), projects())
def test_applying_a_plan_leaves_nothing_to_plan_before_the_list_shows_it(
    before: list[Resource], after: list[Resource]
) -> None:
    world = World()
    world.provider.is_stale = True
    for resources in (before, after):
        world.apply(resources)
        assert world.plan(resources)[0].is_empty
        world.provider.refresh()
