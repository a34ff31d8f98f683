"""Play one case: the start, a run that is disturbed, some time, a run that is not; and say what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.campaign.cases import Case
from tests.campaign.verdicts import after_the_first, after_the_second
from tests.campaign.world import PLANNED, Direct, Ended, Kill, World, enabled_by

__all__ = ["Played", "play"]

_LATER = 16 * 60.0  # seconds: from then on, a canary is nobody's any more
_OBJECT = "acme_address"
_OTHER_WORDS = "written by another hand [acme/address]"


@dataclass
class Intruder:
    """Another hand that changes an object just before one step of the run. `is_fair`: a look could still see it."""

    world: World
    at: int
    steps: int = 0
    is_planned: bool = False  # what was there before is drift, and the plan's to show
    is_fair: bool = False

    def __call__(self, verb: str, object_id: str) -> None:
        self.steps += 1
        self.is_planned = self.is_planned or verb == PLANNED
        if self.steps != self.at:
            return
        entry = self.world.configs().get(_OBJECT)
        if entry is None:
            return
        entry["config"]["description"] = _OTHER_WORDS
        entry.pop("last_updated_time_ms")
        self.world.simulator.store.seed([entry])
        is_too_late = verb in ("update", "delete") and object_id == _OBJECT
        self.is_fair = self.is_planned and not is_too_late


@dataclass(frozen=True)
class Played:
    """What went wrong in a case, nothing if all is as it must be; and how its first run ended."""

    wrong: list[str]
    ended: str


def play(world: World, case: Case, wait: Callable[[Case], None] = lambda _case: None) -> Played:
    """Play a case. `wait` is called between the two runs."""
    wanted = world.wanted(case.mix, case.second, case.crossed)
    world.start_over(case.crossed)
    before = world.configs()
    for fault in case.faults:
        world.simulator.faults.add(fault)
    intruder = Intruder(world, case.intrude_at)
    over = Direct(world.simulator) if case.is_direct else None
    first = world.apply(
        case.first,
        kill=Kill(case.kill_at),
        parallelism=case.parallelism,
        step=intruder,
        timeout=case.timeout,
        over=over,
    )
    wrong = list(after_the_first(world, case, before, first))
    if intruder.is_fair and _is_lost(world) and first.result is not None and first.result.exit_code == 0:
        wrong.append("what another hand wrote was overwritten, and nothing says so")
    wait(case)
    world.simulator.faults.clear()
    world.simulator.clock.advance(_LATER)
    world.let_go(case.crossed)
    second = world.apply(case.second, enable=enabled_by(case.crossed), over=over)
    wrong += after_the_second(world, case, wanted, first, second)
    return Played([f"{case.name}: {line}" for line in wrong], _how(case, first))


def _how(case: Case, ended: Ended) -> str:
    if ended.result is not None:
        return f"exit {ended.result.exit_code:d}"
    return "killed" if case.kill_at and ended.plan is not None else "not read"


def _is_lost(world: World) -> bool:
    entry = world.configs().get(_OBJECT)
    return entry is None or entry["config"]["description"] != _OTHER_WORDS
