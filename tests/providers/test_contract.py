"""A guided tour of what a provider must do, taken with every provider; `contract` tells how to add one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from reconciler.model.errors import ConflictError, NotFoundError, RejectedError, TargetError
from reconciler.model.evidence import Outcome
from reconciler.model.kinds import KINDS
from reconciler.model.provider import Provider
from reconciler.model.resource import LiveObject, Payload
from reconciler.model.values import SecretText, Value
from reconciler.providers.confluent import make_provider as make_confluent
from reconciler.providers.connection import Basic, Connection
from reconciler.providers.opensearch import make_provider
from reconciler.simulator import Simulator
from tests.providers.contract import LiveTarget, create_with_references, read_existing
from tests.providers.memory import MemoryAbilities, MemoryProvider

TEN = frozenset(KINDS) - {"Subscription"}
THREE = frozenset({"SlackChannel", "MicrosoftTeamsChannel", "WebhookChannel"})
PLACES = ("memory", "memory, own ids and masked secrets", "opensearch 3.6.0", "opensearch 2.19.5", "confluent")


def _memory(name: str, provider: MemoryProvider) -> LiveTarget:
    return LiveTarget(name, lambda: provider, TEN, tells_secrets=not provider.masks_secrets)


def _opensearch(name: str, simulator: Simulator, kinds: frozenset[str]) -> LiveTarget:
    assert simulator.mail is not None
    url, sink = simulator.url, f"{simulator.receiver.url}/hooks/x"
    return LiveTarget(name, lambda: make_provider(Connection(url, name="search")), kinds, sink, simulator.mail.port)


def _confluent(simulator: Simulator) -> LiveTarget:
    connection = Connection(simulator.url, "kafka", Basic(SecretText("key"), SecretText("secret")))
    fixed: dict[str, Value] = {"enabled": True, "method": "POST", "headers": {}}
    sink = f"{simulator.receiver.url}/hooks/x"
    return LiveTarget("confluent", lambda: make_confluent(connection), THREE, sink, fixed=fixed)


@pytest.fixture(scope="module")
def places() -> Iterator[dict[str, LiveTarget]]:
    with ExitStack() as stack:
        new = stack.enter_context(Simulator(opensearch_version="3.6.0", receivers=True))
        old = stack.enter_context(Simulator(opensearch_version="2.19.5", receivers=True))
        masked = MemoryProvider(MemoryAbilities(chooses_ids=False), masks_secrets=True)
        yield {
            "memory": _memory("memory", MemoryProvider()),
            "memory, own ids and masked secrets": _memory("masked", masked),
            "opensearch 3.6.0": _opensearch("new", new, TEN),
            "opensearch 2.19.5": _opensearch("old", old, TEN - {"MattermostChannel"}),
            "confluent": _confluent(new),
        }


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, places: dict[str, LiveTarget]) -> LiveTarget:
    return places[request.param]


@pytest.mark.parametrize("kind", sorted(TEN))
def test_an_object_goes_from_nothing_through_two_forms_to_nothing(place: LiveTarget, kind: str) -> None:
    if not place.holds(kind):
        return

    async def tour(provider: Provider) -> None:
        object_id, payload = await create_with_references(place, provider, kind, place.id(f"tour_{kind}"))
        live = await read_existing(provider, object_id)
        assert (live.kind, live.fields) == (kind, place.shown(payload))
        assert set(live.fields) == place.fields_of(kind)
        changed = place.changed(payload)
        await provider.update(object_id, changed, live)
        live = await read_existing(provider, object_id)
        assert live.fields == place.shown(changed)
        assert live.created
        assert live.updated >= live.created
        assert await provider.delete(object_id) is True
        assert await provider.read(object_id) is None
        assert await provider.delete(object_id) is False

    place.visit(tour)


def test_the_list_holds_what_single_reads_give(place: LiveTarget) -> None:
    async def tour(provider: Provider) -> None:
        made = [
            (await create_with_references(place, provider, kind, place.id(f"list_{kind}")))[0]
            for kind in sorted(place.kinds)
        ]
        listing = await provider.read_all()
        listed = {live.id: live for live in listing.objects}
        assert listing.unreadable == ""
        for object_id in made:
            if object_id in listed or not listing.stale:
                assert listed[object_id] == await provider.read(object_id)

    place.visit(tour)


def test_an_id_that_we_choose_is_taken_once(place: LiveTarget) -> None:
    payload = place.payload("WebhookChannel", place.id("chosen"))

    async def tour(provider: Provider) -> None:
        first = await provider.create(payload)
        if not provider.abilities.chooses_ids:
            assert await provider.create(payload) != first
            return
        assert first == place.id("chosen")
        with pytest.raises(ConflictError):
            await provider.create(payload)

    place.visit(tour)


def test_an_update_of_what_is_gone_or_of_another_kind_is_refused(place: LiveTarget) -> None:
    async def tour(provider: Provider) -> None:
        object_id, payload = await create_with_references(place, provider, "WebhookChannel", place.id("refused"))
        live = await read_existing(provider, object_id)
        with pytest.raises(ConflictError):
            await provider.update(object_id, place.payload("SlackChannel", object_id), live)
        assert (await read_existing(provider, object_id)).fields == place.shown(payload)
        await provider.delete(object_id)
        with pytest.raises(NotFoundError):
            await provider.update(object_id, payload, live)
        assert await provider.read(object_id) is None

    place.visit(tour)


def test_the_harmless_writes_are_refused_and_change_nothing(place: LiveTarget) -> None:
    async def tour(provider: Provider) -> None:
        writes = provider.abilities.harmless_writes(place.id("missing"))
        if writes is None:
            return
        before = await provider.read_all()
        with pytest.raises(RejectedError) as refused:
            await provider.create(writes.create)
        assert refused.value.status == 404
        with pytest.raises(NotFoundError):
            await provider.update(
                place.id("missing"),
                writes.update,
                LiveObject(place.id("missing"), writes.update.kind, writes.update.fields),
            )
        assert await provider.read_all() == before

    place.visit(tour)


def test_a_secret_that_is_left_open_stays_as_it_was(place: LiveTarget) -> None:
    place.need_receiver()

    async def tour(provider: Provider) -> None:
        object_id, payload = await create_with_references(place, provider, "WebhookChannel", place.id("secret"))
        live = await read_existing(provider, object_id)
        renamed = Payload(payload.kind, dict(payload.fields) | {"display_name": "new", "url": None}, object_id)
        await provider.update(object_id, renamed, live)
        live = await read_existing(provider, object_id)
        assert live.fields == place.shown(Payload(payload.kind, dict(payload.fields) | {"display_name": "new"}))
        assert (await provider.send_test(object_id, payload)).outcome is Outcome.ACCEPTED

    place.visit(tour)


def test_a_reference_to_what_is_not_there_is_refused_but_not_as_if_the_object_were_gone(place: LiveTarget) -> None:
    async def tour(provider: Provider) -> None:
        payload = place.dangling()
        with pytest.raises(TargetError) as caught:
            await provider.create(payload)
        assert not isinstance(caught.value, NotFoundError | ConflictError)
        assert place.id("dangling") not in {live.id for live in (await provider.read_all()).objects}

    place.visit(tour)


def test_a_test_really_goes_out_and_what_cannot_be_tested_says_so(place: LiveTarget) -> None:
    place.need_receiver()

    async def tour(provider: Provider) -> None:
        hook, payload = await create_with_references(place, provider, "WebhookChannel", place.id("test_hook"))
        assert (await provider.send_test(hook, payload)).outcome is Outcome.ACCEPTED
        with pytest.raises(NotFoundError):
            await provider.send_test(place.id("nobody"))
        if "enabled" in place.fixed:
            return
        live = await read_existing(provider, hook)
        await provider.update(hook, Payload(payload.kind, dict(payload.fields) | {"enabled": False}), live)
        assert (await provider.send_test(hook)).outcome is Outcome.SKIPPED

    place.visit(tour)


def test_a_test_mail_really_goes_out_and_an_account_by_itself_is_not_tested(place: LiveTarget) -> None:
    if not place.holds("EmailChannel"):
        return
    place.need_mail_server()

    async def tour(provider: Provider) -> None:
        mail, payload = await create_with_references(place, provider, "EmailChannel", place.id("test_mail"))
        assert (await provider.send_test(mail, payload)).outcome is Outcome.ACCEPTED
        assert (await provider.send_test(str(payload.fields["sender"]))).outcome is Outcome.SKIPPED

    place.visit(tour)


def test_the_server_says_who_it_is_the_same_each_time(place: LiveTarget) -> None:
    async def tour(provider: Provider) -> tuple[str, str]:
        server = await provider.read_server()
        assert server.certain
        return server.identity, server.version

    assert place.visit(tour) == place.visit(tour)
