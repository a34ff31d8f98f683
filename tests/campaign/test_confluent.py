"""The campaign against an organisation of Confluent Cloud, whose ids are its own: there a repeated POST would be seen.

Each case takes a live state to another one, which creates, changes, replaces and prunes, meets one trouble at one call
(or is killed there), and is then run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from reconciler.model.errors import TargetError
from reconciler.plan.make import MakeOptions
from reconciler.simulator.calls import Call, Reply
from tests.confluent.organisation import Organisation
from tests.confluent.scenes import SLACK, channel, made, replaced, subscription

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
WANTED = [*replaced(), channel("SlackChannel", "new", SLACK + "new"), subscription("also", "nt-33aa1", "new")]
WANTED = [item for item in WANTED if item.name != "failed"]


def start() -> Organisation:
    """An organisation with something live in it."""
    organisation = Organisation()
    assert organisation.apply(made()).exit_code == 0
    organisation.calls.clear()
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


def run_disturbed(organisation: Organisation) -> None:
    """The first run, in whatever way it ends."""
    try:
        organisation.apply(WANTED, PRUNE)
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
    undisturbed = start()
    assert undisturbed.apply(WANTED, PRUNE).exit_code == 0
    cases = list(every_case(len(undisturbed.calls)))[part::PARTS]
    wrong = [line for word, number in cases for line in play(word, number, undisturbed)]
    record_property("campaign_cases", len(cases))
    record_property("campaign_wrong", len(wrong))
    assert cases
    assert not wrong, "\n".join(wrong[:10])


def every_case(calls: int) -> Iterator[tuple[str, int]]:
    """Every call cut off after it was done, where a repeat would be a second object; the other troubles by turns."""
    others = [word for word in (*BEFORE, *AFTER, *KILLS) if word != LOST]
    for number in range(1, calls + 1):
        yield LOST, number
        yield others[number % len(others)], number


def play(word: str, number: int, undisturbed: Organisation) -> list[str]:
    """What is wrong after one case."""
    organisation = start()
    disturb(organisation, word, number)
    run_disturbed(organisation)
    organisation.trouble, organisation.after = lambda call: None, lambda call, reply: None
    organisation.clock.advance(16 * 60)
    run = organisation.apply(WANTED, PRUNE)
    wrong = [] if run.exit_code == 0 else [f"the second run ended with {run.exit_code}: {run.targets}"]
    if state(organisation) != state(undisturbed):
        wrong.append(f"live is {[(name, mark) for name, mark, _ in state(organisation)]}")
    if subscribed(organisation) != subscribed(undisturbed):
        wrong.append(f"subscribed are {subscribed(organisation)}, and should be {subscribed(undisturbed)}")
    if not organisation.plan(WANTED, PRUNE).is_empty:
        wrong.append("there is something left to plan")
    return [f"{word}, call {number}: {line}" for line in wrong]
