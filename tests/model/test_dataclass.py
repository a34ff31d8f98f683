"""Our dataclasses behave as the standard library's, call for call."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import field
from functools import partial
from typing import Any

import pytest

from reconciler.model.dataclass import _OFTEN, dataclass

CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1,), {}),
    ((1, "x"), {}),
    ((1,), {"names": ["b"], "hidden": "h"}),
    ((), {"number": 1, "last": 3}),
    ((), {}),
    ((1, "x", [], "y", "z"), {}),
    ((1,), {"number": 2}),
    ((1,), {"unknown": 2}),
]


def value_class(decorate: Callable[[Any], Any]) -> Any:
    """A class of the same body each time, so that two decorators can be compared."""

    class Value:
        number: int
        text: str = "t"
        names: list[str] = field(default_factory=list)
        hidden: str = field(default="s", repr=False)
        noted: int = field(default=0, compare=False)
        last: int = field(default=0, kw_only=True)

    return decorate(Value)


def pair(**how: Any) -> tuple[Any, Any]:
    """A class made by the standard library, and the same made here."""
    return value_class(dataclasses.dataclass(**how)), value_class(dataclass(**how))


HOWS = [
    {"frozen": True, "slots": True},
    {"frozen": True},
    {"frozen": True, "slots": True, "order": True},
    {"frozen": True, "kw_only": True},
    {"slots": True},
    {},
]


def outcome(call: Callable[[], Any]) -> str:
    """What came of it, in words; an error's without the name of the class, which is not the same."""
    try:
        return str(call())
    except (TypeError, AttributeError) as error:
        return type(error).__name__


@pytest.mark.parametrize("how", HOWS, ids=str)
@pytest.mark.parametrize("is_often", [False, True])
def test_calls_end_as_with_the_standard_library(how: dict[str, Any], is_often: bool) -> None:
    for arguments, named in CALLS:
        theirs, ours = pair(**how)
        for _ in range(_OFTEN if is_often else 0):
            ours(number=1)
        expected = outcome(partial(theirs, *arguments, **named))
        assert outcome(partial(ours, *arguments, **named)) == expected


@pytest.mark.parametrize("how", HOWS, ids=str)
def test_values_compare_hash_show_and_change_alike(how: dict[str, Any]) -> None:
    def facts(made: Any) -> list[str]:
        one, same, other = made(number=1), made(number=1, noted=5), made(number=2)
        return [
            str(one == same),
            str(one == other),
            str(one == 1),
            outcome(lambda: len({made(number=1, names=()), made(number=1, names=())})),
            outcome(lambda: one < other),
            outcome(lambda: setattr(one, "number", 7)),
            outcome(lambda: delattr(one, "text")),
            repr(dataclasses.replace(other, text="n")),
            repr(copy.deepcopy(other)),
            str([item.name for item in dataclasses.fields(made)]),
            str(made.__match_args__),
        ]

    theirs, ours = pair(**how)
    assert facts(ours) == facts(theirs)


@dataclass(frozen=True, slots=True)
class Kept:
    """A value that is pickled by its name."""

    number: int
    text: str = ""

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError("negative")


def test_what_a_class_has_itself_is_kept_and_the_rest_works_on() -> None:
    @dataclass(frozen=True)
    class Own:
        number: int

        def __repr__(self) -> str:
            return "own"

    assert repr(Own(1)) == "own"
    assert pickle.loads(pickle.dumps(Kept(1, "a"))) == Kept(1, "a")
    for _ in range(_OFTEN + 1):
        with pytest.raises(ValueError, match="negative"):
            Kept(-1)


def test_a_value_does_not_share_what_its_fields_are_made_with() -> None:
    _, ours = pair(slots=True)
    one, two = ours(1), ours(1)
    one.names.append("x")
    assert two.names == []
