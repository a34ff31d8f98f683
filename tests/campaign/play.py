"""Play one case: the start, a run that is disturbed, some time, a run that is not; and say what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.apply.results import Status
from tests.campaign.cases import Case
from tests.campaign.verdicts import after_the_first, after_the_second
from tests.campaign.world import Ended, Kill, World

__all__ = ["play"]

_LATER = 16 * 60.0  # seconds: from then on, a canary is nobody's any more
_OBJECT = "acme_address"
_PLANNING = ("read_server", "read_all")  # what is there by then is drift, and the plan's to show
_OTHER_WORDS = "written by another hand [acme/address]"


@dataclass
class Intruder:
    """Another hand that changes an object just before one step of the run. `is_fair`: a look could still see it."""

    world: World
    at: int
    steps: int = 0
    is_fair: bool = False

    def __call__(self, verb: str, object_id: str) -> None:
        self.steps += 1
        if self.steps != self.at:
            return
        entry = self.world.configs().get(_OBJECT)
        if entry is None:
            return
        entry["config"]["description"] = _OTHER_WORDS
        entry.pop("last_updated_time_ms")
        self.world.simulator.store.seed([entry])
        is_too_late = verb in ("update", "delete") and object_id == _OBJECT
        self.is_fair = not is_too_late and verb not in _PLANNING


def play(world: World, case: Case, wait: Callable[[Case], None] = lambda _case: None) -> list[str]:
    """What went wrong in a case; nothing, if all is as it must be. `wait` is called between the two runs."""
    wanted = world.wanted(case.mix, case.second)
    world.start_over()
    before = world.configs()
    for fault in case.faults:
        world.simulator.faults.add(fault)
    intruder = Intruder(world, case.intrude_at)
    first = world.apply(
        case.first, kill=Kill(case.kill_at), parallelism=case.parallelism, step=intruder, timeout=case.timeout
    )
    is_open = case.is_late or bool(case.intrude_at)
    wrong = list(after_the_first(before, first, world.configs(), is_late=is_open))
    if intruder.is_fair and _is_lost(world) and first.result is not None and first.result.exit_code == 0:
        wrong.append("what another hand wrote was overwritten, and nobody was told")
    if case.must_undo:
        wrong += [
            f"{name} failed its test and was not rolled back" for name in case.bad if not _is_rolled_back(first, name)
        ]
    wait(case)
    world.simulator.faults.clear()
    world.simulator.clock.advance(_LATER)
    second = world.apply(case.second)
    wrong += after_the_second(world, case, wanted, first, second)
    return [f"{case.name}: {line}" for line in wrong]


def _is_rolled_back(ended: Ended, name: str) -> bool:
    return name in ended.results and ended.results[name].status in (Status.REJECTED, Status.ROLLED_BACK)


def _is_lost(world: World) -> bool:
    entry = world.configs().get(_OBJECT)
    return entry is None or entry["config"]["description"] != _OTHER_WORDS
