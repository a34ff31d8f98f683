"""What goes wrong in a case: faults by the number of the call, a kill by the journal's line, another hand by the step.

A mix is what an apply has to do. The short campaign takes every call of every mix with every kind of fault; the long
one chooses at random, from a seed, so that a case can be run again by its number.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.model.resource import Resource
from reconciler.simulator.faults import Fault, FaultKind
from tests.campaign.world import AFTER, BEFORE, GOES_WRONG, hook

__all__ = ["FAULTS", "MIXES", "Case", "after_of", "chosen_case", "every_case"]

FAULTS = {
    "500": Fault(FaultKind.ANSWER, status=500),
    "429": Fault(FaultKind.ANSWER, status=429, retry_after=1),
    "403": Fault(FaultKind.ANSWER, status=403),
    "502 after it was done": Fault(FaultKind.ANSWER_AFTER, status=502),
    "a proxy's page": Fault(FaultKind.HTML, status=503),
    "half a body": Fault(FaultKind.CUT_JSON),
    "dropped before": Fault(FaultKind.DROP_BEFORE),
    "dropped after": Fault(FaultKind.DROP_AFTER),
    "down from here on": Fault(FaultKind.ANSWER, status=503, times=10_000),
    "cut off from here on": Fault(FaultKind.DROP_AFTER, times=10_000),
}
"""Every kind of fault by what it is called."""

MIXES = {
    "channels": frozenset({"address", "kind", "gone", "new", "ticks"}),
    "mail": frozenset({"smtp", "team", "words", "gone-too", "new-too"}),
}
"""What an apply changes or tests; the rest is as it was. Together: creates, updates, replaces, deletes and tests."""


@dataclass(frozen=True)
class Case:
    """One case. `kill_at` is a journal line, `intrude_at` a step of the provider, `bad` names go to a dead receiver,
    which `must_undo` them if nothing else goes wrong."""

    name: str
    mix: frozenset[str]
    faults: tuple[Fault, ...] = ()
    kill_at: int = 0
    intrude_at: int = 0
    parallelism: int = 1
    bad: frozenset[str] = frozenset()
    timeout: float = 20.0
    must_undo: bool = False
    is_proxied: bool = False

    @property
    def is_late(self) -> bool:
        """Whether a write may be carried out long after it was given up."""
        return self.is_proxied or any(fault.kind is FaultKind.WAIT for fault in self.faults)

    @property
    def first(self) -> list[Resource]:
        """What the first run is to bring about."""
        return [hook(item.name, 9, GOES_WRONG) if item.name in self.bad else item for item in after_of(self.mix)]

    @property
    def second(self) -> list[Resource]:
        """What the second run is to bring about: bad addresses are fixed, and there is something to write."""
        fields = {"description": "some time later"}
        return [
            replace(item, fields={**item.fields, **fields}) if item.name == "keep" else item
            for item in after_of(self.mix)
        ]


def after_of(mix: frozenset[str]) -> list[Resource]:
    """What is wanted when only these names change."""
    before = {item.name: item for item in BEFORE}
    after = {item.name: item for item in AFTER}
    names = (before.keys() - mix) | (after.keys() & (mix | before.keys()))
    chosen = {name: after[name] if name in mix and name in after else before.get(name) for name in names}
    return [item for name, item in sorted(chosen.items()) if item is not None and (name not in mix or name in after)]


BAD = {"channels": ("address", "kind", "new"), "mail": ("words",)}


def every_case(mix: str, calls: int, lines: int, steps: int) -> Iterator[Case]:
    """All cases of a mix whose undisturbed apply makes so many calls, journal lines and steps of the provider."""
    names = MIXES[mix]
    for bad in BAD[mix]:
        yield Case(f"{mix}: {bad} is bad", names, bad=frozenset({bad}), must_undo=True)
    for call in range(calls):
        for word, fault in FAULTS.items():
            yield Case(f"{mix}: {word} at call {call}", names, (replace(fault, skip=call),))
    for line in range(1, lines + 1):
        yield Case(f"{mix}: killed at line {line}", names, kill_at=line)
    for step in range(1, steps + 1):
        yield Case(f"{mix}: another hand at step {step}", names, intrude_at=step)
    for number, bad in enumerate(BAD[mix]):
        for call in range(number, calls, len(BAD[mix])):
            fault = replace(FAULTS["dropped after"], skip=call)
            yield Case(f"{mix}: {bad} is bad, dropped after call {call}", names, (fault,), bad=frozenset({bad}))


def chosen_case(number: int, seed: int) -> Case:
    """The case of that number in a long campaign."""
    dice = random.Random(f"{seed}/{number}")
    everything = sorted(MIXES["channels"] | MIXES["mail"])
    mix = frozenset(dice.sample(everything, dice.randint(3, len(everything))))
    words = [*FAULTS, "late", "late"]
    faults = []
    for _ in range(dice.choice((0, 1, 1, 2, 3))):
        word = dice.choice(words)
        fault = Fault(FaultKind.WAIT, seconds=0.6) if word == "late" else FAULTS[word]
        faults.append(replace(fault, skip=dice.randrange(80)))
    is_late = any(fault.kind is FaultKind.WAIT for fault in faults)
    return Case(
        name=f"case {number} of seed {seed}",
        mix=mix,
        faults=tuple(faults),
        kill_at=dice.choice((0, 0, dice.randrange(1, 90))),
        parallelism=dice.choice((1, 1, 3, 10)),
        bad=frozenset(name for name in ("address", "kind", "new", "words") if name in mix and dice.random() < 0.25),
        timeout=0.4 if is_late else 20.0,
    )
