"""What goes wrong in a case: faults by the number of the call, a kill by the journal's line, another hand by the step.

A mix is what an apply has to do; `crosses` says what else may be out of the ordinary. The short campaign takes every
call of every mix with every kind of fault or cross; the long one chooses at random, from a seed, so that a case can be
run again by its number. Seven of eight go to the simulator without sockets.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from reconciler.model.resource import Resource
from reconciler.simulator.faults import Fault, FaultKind
from tests.campaign.crosses import CROSSES, Cross, joined
from tests.campaign.states import AFTER, BEFORE, DEAD, WORDLESS, hook

__all__ = ["FAULTS", "MIXES", "Case", "after_of", "chosen_case", "crossed_cases", "disturbed_cases"]

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
    """One case. `kill_at` is a journal line, `intrude_at` a step of the provider, `crosses` are names of what else is
    out of the ordinary. `bad` names go to a dead receiver, `wordless` ones to one whose words say nothing."""

    name: str
    mix: frozenset[str]
    faults: tuple[Fault, ...] = ()
    kill_at: int = 0
    intrude_at: int = 0
    parallelism: int = 1
    bad: frozenset[str] = frozenset()
    wordless: frozenset[str] = frozenset()
    crosses: frozenset[str] = frozenset()
    timeout: float = 20.0
    is_direct: bool = False
    is_proxied: bool = False

    @property
    def is_late(self) -> bool:
        """Whether a write may be carried out long after it was given up."""
        return self.is_proxied or any(fault.kind is FaultKind.WAIT for fault in self.faults)

    @property
    def is_undisturbed(self) -> bool:
        """Whether no call goes wrong, nobody meddles, and nobody is killed."""
        return not (self.faults or self.kill_at or self.intrude_at or self.is_proxied)

    @property
    def disturbances(self) -> tuple[str, ...]:
        """What goes wrong, in words to count by."""
        words = [name for name, kind in FAULTS.items() for fault in self.faults if replace(fault, skip=0) == kind]
        words += ["late" for fault in self.faults if fault.kind is FaultKind.WAIT]
        words += ["killed"] if self.kill_at else []
        words += ["another hand"] if self.intrude_at else []
        words += ["a dead receiver"] if self.bad else []
        words += ["a receiver without words"] if self.wordless else []
        return tuple(words) or ("none",)

    @property
    def crossed(self) -> list[Cross]:
        """What else is out of the ordinary."""
        return joined(self.crosses)

    @property
    def first(self) -> list[Resource]:
        """What the first run is to bring about."""
        resources = [self._as_written(item) for item in after_of(self.mix)]
        for cross in self.crossed:
            resources = cross.first(resources)
        return resources

    def _as_written(self, item: Resource) -> Resource:
        if item.name in self.bad:
            return hook(item.name, 9, DEAD)
        return hook(item.name, 9, WORDLESS) if item.name in self.wordless else item

    @property
    def second(self) -> list[Resource]:
        """What the second run is to bring about: bad addresses are fixed, and there is something to write."""
        fields = {"description": "some time later"}
        resources = [
            replace(item, fields={**item.fields, **fields}) if item.name == "keep" else item
            for item in after_of(self.mix)
        ]
        for cross in self.crossed:
            resources = cross.second(resources)
        return resources


def after_of(mix: frozenset[str]) -> list[Resource]:
    """What is wanted when only these names change."""
    before = {item.name: item for item in BEFORE}
    after = {item.name: item for item in AFTER}
    names = (before.keys() - mix) | (after.keys() & (mix | before.keys()))
    chosen = {name: after[name] if name in mix and name in after else before.get(name) for name in names}
    return [item for name, item in sorted(chosen.items()) if item is not None and (name not in mix or name in after)]


BAD = {"channels": ("address", "kind", "new"), "mail": ("words",)}
PLAIN = ""


def disturbed_cases(mix: str, calls: int, lines: int, steps: int) -> Iterator[Case]:
    """The cases of a mix whose undisturbed apply makes so many calls, journal lines and steps of the provider: each
    call with half of the faults, each line and each step, all of them crossed by turns. Every third goes over sockets.
    """
    for number, case in enumerate(_disturbed(mix, calls, lines, steps)):
        yield replace(case, is_direct=number % 3 > 0)


def _disturbed(mix: str, calls: int, lines: int, steps: int) -> Iterator[Case]:
    names = MIXES[mix]
    turns = [PLAIN, *CROSSES]
    for call in range(calls):
        for number, word in enumerate(list(FAULTS)[call % 2 :: 2]):
            fault = replace(FAULTS[word], skip=call)
            cross = turns[(5 * call + number + call // 2) % len(turns)]
            yield _named(Case(f"{mix}: {word} at call {call}", names, (fault,)), cross)
    for line in range(1, lines + 1):
        yield _named(Case(f"{mix}: killed at line {line}", names, kill_at=line), turns[line % len(turns)])
    for step in range(1, steps + 1):
        yield _named(Case(f"{mix}: another hand at step {step}", names, intrude_at=step), turns[step % len(turns)])
    for number, bad in enumerate(BAD[mix]):
        for call in range(number, calls, 2 * len(BAD[mix])):
            fault = replace(FAULTS["dropped after"], skip=call)
            case = Case(f"{mix}: {bad} is bad, dropped after call {call}", names, (fault,), bad=frozenset({bad}))
            yield _named(case, turns[call % len(turns)])


def crossed_cases(mix: str) -> Iterator[Case]:
    """What nothing disturbs: each cross, each two of them, and each with a receiver that is dead or says nothing."""
    for number, case in enumerate(_crossed(mix)):
        yield replace(case, is_direct=number % 8 > 0)


def _crossed(mix: str) -> Iterator[Case]:
    names = MIXES[mix]
    for bad in BAD[mix]:
        for cross in (PLAIN, *CROSSES):
            yield _named(Case(f"{mix}: {bad} is bad", names, bad=frozenset({bad})), cross)
            yield _named(Case(f"{mix}: {bad} gets no words", names, wordless=frozenset({bad})), cross)
    for pair in combinations(CROSSES, 2):
        yield Case(f"{mix}: {' and '.join(pair)}", names, crosses=frozenset(pair))
    for cross in CROSSES:
        yield Case(f"{mix}: {cross}", names, crosses=frozenset({cross}))


def _named(case: Case, cross: str) -> Case:
    if cross == PLAIN:
        return case
    return replace(case, name=f"{case.name}, {cross}", crosses=frozenset({cross}))


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
    wrong = [name for name in ("address", "kind", "new", "words") if name in mix and dice.random() < 0.25]
    wordless = frozenset(name for name in wrong if dice.random() < 0.3)
    return Case(
        name=f"case {number} of seed {seed}",
        mix=mix,
        faults=tuple(faults),
        kill_at=dice.choice((0, 0, dice.randrange(1, 90))),
        parallelism=dice.choice((1, 1, 3, 10)),
        bad=frozenset(wrong) - wordless,
        wordless=wordless,
        crosses=frozenset(dice.sample(list(CROSSES), dice.choice((0, 1, 1, 2, 2, 3)))),
        timeout=0.4 if is_late else 20.0,
        is_direct=not is_late and number % 8 > 0,
    )
