"""Which reads are only late, and which show somebody else's doing."""

from __future__ import annotations

from reconciler.model.resource import LiveObject, Payload
from reconciler.model.values import SecretText, Value
from reconciler.providers.confluent.client import ConfluentProvider
from reconciler.providers.confluent.own_writes import OwnWrites
from reconciler.simulator.clock import Clock
from reconciler.simulator.confluent import Behaviours
from tests.providers.confluent.organisation import Organisation
from tests.providers.confluent.scenes import SLACK


class _Stopped(Clock):
    """A clock that stands still, however long one waits."""

    def __init__(self) -> None:
        super().__init__()
        self._moment = super().now()

    def now(self) -> float:
        return self._moment


def live(name: str) -> LiveObject:
    return LiveObject("i-1", "SlackChannel", {"display_name": name, "webhook_url": SecretText(SLACK)})


def test_what_was_never_written_is_never_late() -> None:
    assert not OwnWrites().is_late("i-1", None)
    assert not OwnWrites().is_gone("i-1")


def test_a_new_object_is_late_until_it_was_seen_once() -> None:
    writes = OwnWrites()
    writes.note("i-1", None, live("a"))
    assert writes.is_late("i-1", None)
    assert not writes.is_late("i-1", live("a"))
    assert not writes.is_late("i-1", None)
    assert writes.is_late_in_list("i-1", None)  # lists may be later than reads by id


def test_every_state_before_the_last_is_late_and_anothers_is_not() -> None:
    writes = OwnWrites()
    writes.note("i-1", live("a"), live("b"))
    writes.note("i-1", live("b"), live("c"))
    assert [writes.is_late("i-1", live(name)) for name in "abcd"] == [True, True, False, False]
    assert not writes.is_late("i-1", None)


def test_a_deleted_object_that_still_shows_is_late() -> None:
    writes = OwnWrites()
    writes.note("i-1", None, None)
    assert writes.is_late("i-1", live("a"))
    assert not writes.is_late("i-1", None)
    assert not writes.is_late_in_list("i-1", None)
    assert writes.is_gone("i-1")


def test_a_list_that_stays_late_is_corrected_by_single_reads() -> None:
    organisation = Organisation(Behaviours.parse(["late=lists"]), clock=_Stopped())
    fields: dict[str, Value] = {"display_name": "x", "description": "", "webhook_url": SecretText(SLACK)}

    async def conversation(provider: ConfluentProvider) -> None:
        kept = await provider.create(Payload("SlackChannel", fields))
        gone = await provider.create(Payload("SlackChannel", fields | {"display_name": "y"}))
        await provider.delete(gone)
        ids = {one.id for one in (await provider.read_all()).objects}
        assert kept in ids
        assert gone not in ids

    organisation.talk(conversation)
