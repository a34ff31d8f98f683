"""When what is looked at: events mark, a mark waits until it is quiet, what failed its test waits for a reason.

Pure: the time comes in as seconds of any clock that only goes forward, chance as a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from typing import NamedTuple

from reconciler.model.dataclass import dataclass
from reconciler.operator.entries import Entry
from reconciler.operator.resources import DEFAULT_TEST_EVERY, Behaviour, CustomResource

QUIET_SECONDS = 1.0
"""A mark is due when nothing was marked again for so long."""

LONGEST_SECONDS = 10.0
"""It is due at the latest so long after it was made."""

JITTER = 0.1
"""The part of an interval by which it is shortened by chance, so that not all projects look at once."""

FIRST_RETRY, LONGEST_RETRY = 5.0, 300.0


class Key(NamedTuple):
    """What is reconciled as one: a target of the namespace's project; "" for the project itself."""

    namespace: str
    target: str = ""


@dataclass(slots=True)
class _Mark:
    """`first` and `last` are when it was marked; `due` is when it is to be looked at without any mark."""

    first: float | None = None
    last: float = 0.0
    due: float | None = None
    failures: int = 0


@dataclass(slots=True)
class Queue:
    """What is to be looked at, and when. No key is given out twice before it is given back."""

    quiet: float = QUIET_SECONDS
    longest: float = LONGEST_SECONDS
    _marks: dict[Key, _Mark] = field(default_factory=dict)
    _running: set[Key] = field(default_factory=set)

    def mark(self, key: Key, now: float) -> None:
        """Something happened that concerns the key."""
        mark = self._marks.setdefault(key, _Mark())
        mark.first = now if mark.first is None else mark.first
        mark.last = now

    def keys(self, namespace: str) -> frozenset[Key]:
        """The keys that are known of a namespace."""
        return frozenset(key for key in (*self._marks, *self._running) if key.namespace == namespace)

    def take(self, now: float) -> Key | None:
        """The key that has waited longest of those that are due, if any; it is then running."""
        due = [(when, key) for key, when in self._due() if when <= now]
        if not due:
            return None
        _, key = min(due)
        mark = self._marks[key]
        mark.first, mark.due = None, None
        self._running.add(key)
        return key

    def soon(self, key: Key, now: float) -> None:
        """It is due now, unless it is running or waits for something earlier."""
        mark = self._marks.setdefault(key, _Mark())
        mark.due = now if mark.due is None else min(now, mark.due)

    def done(self, key: Key, now: float, again_in: float) -> None:
        """It was looked at, and is to be looked at again so many seconds later, whatever happens."""
        self._running.discard(key)
        mark = self._marks.setdefault(key, _Mark())
        mark.failures = 0
        mark.due = now + again_in

    def failed(self, key: Key, now: float, chance: float) -> float:
        """It could not be looked at; it is tried again after a wait that doubles. The seconds of that wait."""
        self._running.discard(key)
        mark = self._marks.setdefault(key, _Mark())
        wait = min(LONGEST_RETRY, FIRST_RETRY * 2.0**mark.failures) * (1 - JITTER * chance)
        mark.failures = min(mark.failures + 1, 16)
        mark.due = now + wait
        return wait

    def forget(self, key: Key) -> None:
        """There is nothing behind the key any more; a mark that was made meanwhile stays."""
        self._running.discard(key)
        mark = self._marks.get(key)
        if mark is not None and mark.first is None:
            del self._marks[key]

    def waits(self, now: float) -> float | None:
        """The seconds until something is due; None if nothing ever is."""
        times = [when for _, when in self._due()]
        return max(0.0, min(times) - now) if times else None

    @property
    def length(self) -> int:
        """How many keys are marked and wait."""
        return sum(mark.first is not None for mark in self._marks.values())

    def _due(self) -> Iterable[tuple[Key, float]]:
        for key, mark in self._marks.items():
            if key in self._running:
                continue
            times = [mark.due] if mark.due is not None else []
            if mark.first is not None:
                times.append(min(mark.last + self.quiet, mark.first + self.longest))
            if times:
                yield key, min(times)


def jittered(interval: float, chance: float) -> float:
    """An interval, shortened by up to a tenth; `chance` is from 0 to 1."""
    return interval * (1 - JITTER * chance)


def is_held_by_its_test(
    entry: Entry,
    resource: CustomResource,
    secrets: Mapping[str, str],
    project: CustomResource,
    behaviour: Behaviour,
    now: float,
) -> bool:
    """Whether a resource whose test failed on a target is to be left alone there: no message is repeated by itself.

    It is tried again once its generation, the project's, the versions of its Secrets or a request changed, else once
    in `test_every`. `secrets` are those versions now, `now` seconds since 1970.
    """
    if entry.reason != TEST_FAILED or not entry.stalled:
        return False
    if (entry.generation, entry.project_generation) != (resource.generation, project.generation):
        return False
    if entry.requested_at != wishes(resource, project) or dict(entry.secrets) != dict(secrets):
        return False
    every = DEFAULT_TEST_EVERY if behaviour.test_every is None else behaviour.test_every
    return now < since_1970(entry.test_time) + every


TEST_FAILED = "TestFailed"


def wishes(resource: CustomResource, project: CustomResource | None) -> str:
    """All wishes to do it now that concern a resource, as one text that changes with each of them."""
    general = project.requested_at if project is not None else ""
    return " ".join(filter(None, (resource.requested_at, general)))


def is_test_due(entry: Entry, resource: CustomResource, behaviour: Behaviour, now: float) -> bool:
    """Whether a channel that is as desired is to be tested now: it was asked for, or `test_every` has passed."""
    wish = resource.test_requested_at
    if wish and wish != entry.test_requested_at:
        return True
    return behaviour.test_every is not None and now >= since_1970(entry.test_time) + behaviour.test_every


def since_1970(text: object) -> float:
    """Seconds, of a time as Kubernetes writes it; 0 for anything else."""
    try:
        return datetime.fromisoformat(text).timestamp() if isinstance(text, str) else 0.0
    except ValueError:
        return 0.0
