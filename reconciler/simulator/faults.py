"""Faults on request: which call goes wrong, and how.

A fault waits for calls with a method and path, lets the first `skip` of them through, and strikes the next `times`. The
oldest fault that fits a call strikes it, and only that one, so that runs can be repeated. `striking` carries it out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import count
from threading import RLock
from typing import Any

__all__ = ["Fault", "FaultKind", "Faults", "Strike", "parse_fault"]


class FaultKind(StrEnum):
    """What happens to the call."""

    ANSWER = "answer"  # `status` instead of doing it, with Retry-After if `retry_after` is given
    ANSWER_AFTER = "answer_after"  # it is done, but `status` is answered
    HTML = "html"  # a page of some proxy instead of JSON, with `status`
    BODY = "body"  # `text` as the body, with `status`, instead of doing it
    VERSION = "version"  # it is done, and the answer calls its version `text`; empty: it does not name it
    ENDLESS = "endless"  # a list that does not end, for at most `seconds` (60)
    CUT_JSON = "cut_json"  # it is done, and the body breaks off in the middle
    WAIT = "wait"  # it is done after `seconds`
    LATE_ANSWER = "late_answer"  # it is done at once, and answered after `seconds`
    MEET = "meet"  # it waits for all `times` calls, at most `seconds` (10); then they are done together
    OVERTAKEN = "overtaken"  # somebody deletes the object while it is updated or deleted
    DROP_BEFORE = "drop_before"  # the connection is dropped, nothing is done
    DROP_AFTER = "drop_after"  # it is done, and the connection is dropped without an answer
    STALE_LIST = "stale_list"  # lists show what they showed when the fault was added
    HOLD_REFRESH = "hold_refresh"  # from this call on, writes stay invisible to lists
    REFRESH = "refresh"  # before this call, all writes become visible, and held-back refreshes resume
    MOVE_CLOCK = "move_clock"  # before this call, the clock is moved by `seconds`


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `path` is a shell pattern for the raw path (`*` also matches slashes); `method` is a method or `*`."""

    kind: FaultKind
    method: str = "*"
    path: str = "*"
    times: int = 1
    skip: int = 0
    status: int = 500
    retry_after: int | None = None
    seconds: float = 0.0
    text: str = ""

    def fits(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and fnmatchcase(path, self.path)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that strikes now, with the lists remembered when it was added.

    `number` tells it from other faults, `left` is how often it will strike again.
    """

    fault: Fault
    remembered: object | None
    number: int = 0
    left: int = 0


class _Armed:
    def __init__(self, fault: Fault, remembered: object | None, number: int) -> None:
        self.fault = fault
        self.number = number
        self.remembered = remembered
        self.to_skip = fault.skip
        self.left = fault.times


class Faults:
    """The faults that are waiting. `remember` gives the lists as they are, for `stale_list`. Thread-safe."""

    def __init__(self, remember: Callable[[str], object]) -> None:
        self._remember = remember
        self._armed: list[_Armed] = []
        self._numbers = count(1)
        self._lock = RLock()
        self.struck: list[Fault] = []

    def add(self, kind: Fault | FaultKind | str, **details: Any) -> Fault:
        """Add a fault, given as such or by its fields: `add("answer", status=429, retry_after=1, method="PUT")`."""
        fault = kind if isinstance(kind, Fault) else Fault(FaultKind(kind), **details)
        remembered = self._remember(fault.path) if fault.kind is FaultKind.STALE_LIST else None
        with self._lock:
            self._armed.append(_Armed(fault, remembered, next(self._numbers)))
        return fault

    def take(self, method: str, path: str) -> Strike | None:
        """The fault that strikes this call, or None; it is counted as struck."""
        with self._lock:
            for armed in self._armed:
                if not armed.fault.fits(method, path):
                    continue
                if armed.to_skip > 0:
                    armed.to_skip -= 1
                    continue
                armed.left -= 1
                if armed.left <= 0:
                    self._armed.remove(armed)
                self.struck.append(armed.fault)
                return Strike(armed.fault, armed.remembered, armed.number, armed.left)
        return None

    def waiting(self) -> list[dict[str, Any]]:
        """The waiting faults as JSON values, with what is left of `times` and `skip`."""
        with self._lock:
            return [{**armed.fault.as_json(), "times": armed.left, "skip": armed.to_skip} for armed in self._armed]

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()


def parse_fault(content: object) -> Fault:
    """A fault from JSON values; ValueError says what is wrong."""
    if not isinstance(content, Mapping):
        raise ValueError("a fault is an object")
    known = {field.name: field for field in fields(Fault)}
    strange = sorted(set(content) - set(known))
    if strange:
        raise ValueError(f"unknown members: {', '.join(strange)}; known are {', '.join(known)}")
    kinds = ", ".join(FaultKind)
    if content.get("kind") not in list(FaultKind):
        raise ValueError(f"kind must be one of {kinds}")
    _check_types(content)
    return Fault(**{**content, "kind": FaultKind(content["kind"])})


def _check_types(content: Mapping[str, Any]) -> None:
    numbers = {"times": 1, "skip": 0, "status": 100, "retry_after": 0}
    for name, least in numbers.items():
        value = content.get(name, least)
        if name == "retry_after" and value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(f"{name} must be a whole number, at least {least}")
    if content.get("status", 100) > 599:
        raise ValueError("status must be at most 599")
    if isinstance(content.get("seconds", 0), bool) or not isinstance(content.get("seconds", 0), int | float):
        raise ValueError("seconds must be a number")
    for name in ("method", "path", "text"):
        if not isinstance(content.get(name, "*"), str):
            raise ValueError(f"{name} must be a text")
