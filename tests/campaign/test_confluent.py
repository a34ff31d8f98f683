"""The campaign against an organisation of Confluent Cloud, whose ids are its own: there a repeated POST would be seen.

Each case takes a live state to another one, which creates, changes, replaces and prunes, meets one trouble at one call
(or is killed there), and is then run again. By turns something else is out of the ordinary, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import httpx
import pytest

from reconciler.model.errors import TargetError
from reconciler.model.resource import Resource, Settings
from reconciler.plan.make import MakeOptions
from reconciler.simulator.calls import Call, Reply
from tests.providers.confluent.organisation import Organisation
from tests.providers.confluent.scenes import SLACK, TEAMS, channel, made, replaced, subscription

PRUNE = MakeOptions(prune=True)
PARTS = 4


class Killed(BaseException):
    """The process is dead."""


def _refusal(status: int) -> Reply:
    return Reply(status, b'{"errors": [{"id": "x", "status": "%d", "detail": "trouble"}]}' % status)


BEFORE: dict[str, Callable[[], Reply | Exception]] = {
    "never sent": lambda: httpx.ConnectError("no route"),
    "cut off before it was done": lambda: httpx.ReadError("reset"),
    "500": lambda: _refusal(500),
    "429": lambda: _refusal(429),
}
LOST = "cut off after it was done"
AFTER: dict[str, Callable[[], Reply | Exception]] = {
    LOST: lambda: httpx.RemoteProtocolError("server disconnected"),
    "timed out after it was done": lambda: httpx.ReadTimeout("late"),
    "502 after it was done": lambda: _refusal(502),
}
KILLS = ("killed before", "killed after")
WANTED = [
    *replaced(),
    channel("SlackChannel", "new", SLACK + "new"),
    subscription("also", "nt-33aa1", "new", state="ENABLED"),
]
WANTED = [item for item in WANTED if item.name != "failed"]


DEAD = "down.example.org"


@dataclass(frozen=True)
class Cross:
    """What is out of the ordinary: an integration that is there besides (`name`, `mark`), and what the two runs are
    given. `stays` are the display names of what the first run may not touch, `code` is what it ends with where no call
    goes wrong."""

    besides: tuple[str, str] | None = None
    first: tuple[Resource, ...] = tuple(WANTED)
    second: tuple[Resource, ...] = tuple(WANTED)
    stays: frozenset[str] = frozenset()
    code: int = 0


def _renamed() -> tuple[Resource, ...]:
    """`oncall` under a new name, which says so; whoever refers to it does so by that."""

    def created_again(item: Resource) -> Resource:
        if item.name == "oncall":
            return replace(item, name="pager", settings=Settings(renamed_from=("oncall",)))
        channels = item.fields.get("channels")
        if not isinstance(channels, frozenset):
            return item
        return replace(item, fields={**item.fields, "channels": channels - {"oncall"} | {"pager"}})

    return tuple(created_again(item) for item in WANTED)


def _may_be_twice(name: str) -> tuple[Resource, ...]:
    consent = Settings(allow=frozenset({"duplicate"}))
    return tuple(replace(item, settings=consent) if item.name == name else item for item in WANTED)


def _moved(settings: Settings) -> tuple[Resource, ...]:
    return (*WANTED, channel("MicrosoftTeamsChannel", "crew", TEAMS, settings))


def _hooked(host: str) -> tuple[Resource, ...]:
    return (*WANTED, channel("WebhookChannel", "doomed", f"https://{host}/in"))


CROSSES = {
    "nothing": Cross(),
    "two of one mark": Cross(besides=("On-call", "Pages the on-call [acme/oncall]")),
    "a look-alike": Cross(besides=("new", "by hand"), second=_may_be_twice("new"), code=4),
    "renamed": Cross(first=_renamed(), second=_renamed()),
    "probably renamed": Cross(
        first=_moved(Settings()),
        second=_moved(Settings(renamed_from=("team",))),
        stays=frozenset({"team"}),
        code=4,
    ),
    "a create that fails": Cross(
        first=_hooked(DEAD), second=_hooked("up.example.org"), stays=frozenset({"team"}), code=4
    ),
}


def start(cross: Cross) -> Organisation:
    """An organisation with something live in it."""
    organisation = Organisation()
    assert organisation.apply(made()).exit_code == 0
    organisation.outcomes.set(DEAD, 404, "not found")
    if cross.besides is not None:
        name, description = cross.besides
        target = {"kind": "Slack", "webhook_url": SLACK}
        organisation.api.store.add("integrations", {"display_name": name, "description": description, "target": target})
    organisation.calls.clear()
    return organisation


@cache
def undisturbed(name: str) -> Organisation:
    """The organisation as the second run leaves it where no call goes wrong; the first ends as its cross says."""
    cross = CROSSES[name]
    organisation = start(cross)
    code = organisation.apply(cross.first, PRUNE).exit_code
    assert code == cross.code, f"{name} ends with {code}"
    assert organisation.apply(cross.second, PRUNE).exit_code == 0
    assert organisation.plan(cross.second, PRUNE).is_empty
    return organisation


def disturb(organisation: Organisation, word: str, number: int) -> None:
    """Let the call of that number go wrong; a dead process makes no call after it."""
    count = 0

    def before(call: Call) -> Reply | Exception | None:
        nonlocal count
        count += 1
        if (word == "killed before" and count >= number) or (word == "killed after" and count > number):
            raise Killed
        return BEFORE[word]() if word in BEFORE and count == number else None

    def after(call: Call, reply: Reply) -> Reply | Exception | None:
        if word == "killed after" and count >= number:
            raise Killed
        return AFTER[word]() if word in AFTER and count == number else None

    organisation.trouble, organisation.after = before, after


def run_disturbed(organisation: Organisation, wanted: tuple[Resource, ...]) -> None:
    """The first run, in whatever way it ends."""
    try:
        organisation.apply(wanted, PRUNE)
    except (TargetError, Killed):
        return


def state(organisation: Organisation) -> list[tuple[str, str, str]]:
    """All that users made, without ids."""
    documents = organisation.api.store.latest("integrations")
    mine = [one for one in documents if one["target"]["kind"] in ("Slack", "MsTeams", "Webhook")]
    return sorted((one["display_name"], one["description"], str(one["target"])) for one in mine)


def subscribed(organisation: Organisation) -> dict[str, list[str]]:
    """The display names that each notification type goes to."""
    names = {one["id"]: one.get("display_name") or one["id"] for one in organisation.api.store.latest("integrations")}
    return {
        one["notification_type"]["id"]: sorted(names.get(reference["id"], "gone") for reference in one["integrations"])
        for one in organisation.api.store.latest("subscriptions")
    }


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_goes_wrong_the_next_run_ends_where_it_should(
    part: int, record_property: Callable[[str, object], None]
) -> None:
    counting = start(CROSSES["nothing"])
    assert counting.apply(WANTED, PRUNE).exit_code == 0
    cases = list(every_case(len(counting.calls)))[part::PARTS]
    wrong = [line for word, number, cross in cases for line in play(word, number, cross)]
    record_property("campaign_cases", len(cases))
    record_property("campaign_wrong", len(wrong))
    assert cases
    assert not wrong, "\n".join(wrong[:10])


def every_case(calls: int) -> Iterator[tuple[str, int, str]]:
    """Every call cut off after it was done, where a repeat would be a second object; the other troubles by turns."""
    others = [word for word in (*BEFORE, *AFTER, *KILLS) if word != LOST]
    turns = list(CROSSES)
    for number in range(1, calls + 1):
        yield LOST, number, turns[number % len(turns)]
        yield others[number % len(others)], number, turns[(number // len(others) + number) % len(turns)]


def play(word: str, number: int, name: str) -> list[str]:
    """What is wrong after one case."""
    cross, expected = CROSSES[name], undisturbed(name)
    organisation = start(cross)
    before = {one for one in state(organisation) if one[0] in cross.stays}
    disturb(organisation, word, number)
    run_disturbed(organisation, cross.first)
    organisation.trouble, organisation.after = lambda call: None, lambda call, reply: None
    wrong = [f"{one[0]} was to stay as it was" for one in before - set(state(organisation))]
    organisation.clock.advance(16 * 60)
    run = organisation.apply(cross.second, PRUNE)
    wrong += [] if run.exit_code == 0 else [f"the second run ended with {run.exit_code}: {run.targets}"]
    if state(organisation) != state(expected):
        wrong.append(f"live is {[(name, mark) for name, mark, _ in state(organisation)]}")
    if subscribed(organisation) != subscribed(expected):
        wrong.append(f"subscribed are {subscribed(organisation)}, and should be {subscribed(expected)}")
    if not organisation.plan(cross.second, PRUNE).is_empty:
        wrong.append("there is something left to plan")
    return [f"{word}, call {number}, {name}: {line}" for line in wrong]
