"""Dataclasses that cost little to define: a `plan` defines 150 of them, which adds to its start-up time.

The standard library compiles up to six methods for each class, some 3.8 million instructions (with Python 3.13 too),
which was a third of a `validate`. Here they are made without compiling anything: 0.3 million. Only a class that is
called often gets the standard library's `__init__`, which is faster. Otherwise these are ordinary dataclasses:
`fields`, `replace`, `match` and type checkers treat them as such.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen=False, order=False, **how):
        """As `dataclasses.dataclass`, with arguments."""
        return lambda cls: _completed(
            dataclasses.dataclass(init=False, repr=False, eq=False, **how)(cls), frozen=frozen, order=order
        )


Fields = tuple[dataclasses.Field[Any], ...]
Parts = Callable[[Any], Any]


def _completed(made: type[Any], *, frozen: bool, order: bool) -> type[Any]:
    """The class with the methods that it lacks."""
    fields = dataclasses.fields(made)
    compared = tuple(field.name for field in fields if field.compare)
    parts: Parts = operator.attrgetter(*compared) if compared else lambda _value: ()
    methods: dict[str, Callable[..., Any] | None] = {
        "__init__": _first_init(made, fields),
        "__eq__": _equal(parts),
        "__hash__": (lambda self: hash(parts(self))) if frozen else None,
        "__repr__": _text,
    }
    for name, method in {**methods, **(_FROZEN if frozen else {}), **(_orders(parts) if order else {})}.items():
        if name not in made.__dict__:
            setattr(made, name, method)
    return made


def _equal(parts: Parts) -> Callable[[Any, Any], Any]:
    return lambda self, other: parts(self) == parts(other) if other.__class__ is self.__class__ else NotImplemented


def _orders(parts: Parts) -> dict[str, Callable[..., Any]]:
    def ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
        return lambda self, other: (
            compare(parts(self), parts(other)) if other.__class__ is self.__class__ else NotImplemented
        )

    return {f"__{one.__name__}__": ordered(one) for one in (operator.lt, operator.le, operator.gt, operator.ge)}


def _text(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


_OFTEN = 20


def _first_init(made: type[Any], fields: Fields) -> Callable[..., None]:
    """The `__init__` of the first calls. For the later ones, and for the error of a wrong one, there is `_init`."""
    calls = 0
    by_place: list[str] = []
    makers: dict[str, Callable[[], Any] | None] = {}

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        nonlocal calls
        if not calls:
            by_place.extend(field.name for field in fields if not field.kw_only)
            makers.update((field.name, _maker(field)) for field in fields)
        calls += 1
        given = dict(zip(by_place, arguments, strict=False))
        given.update(named)
        left = [(name, maker) for name, maker in makers.items() if name not in given]
        is_whole = len(arguments) + len(named) == len(given) == len(makers) - len(left)
        if calls == _OFTEN or not is_whole or any(maker is None for _, maker in left):
            made.__init__ = _init(made)
            made.__init__(self, *arguments, **named)
            return
        given.update((name, maker()) for name, maker in left if maker is not None)
        for name, value in given.items():
            object.__setattr__(self, name, value)
        if hasattr(self, "__post_init__"):
            self.__post_init__()

    return init


def _maker(field: dataclasses.Field[Any]) -> Callable[[], Any] | None:
    """What makes the value of a field that is not given; None for one that must be."""
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory
    return None if field.default is dataclasses.MISSING else lambda: field.default


def _init(made: type[Any]) -> Callable[..., None]:
    """The `__init__` of a frozen dataclass of the same fields."""
    own = {"__doc__": "Only its `__init__` is wanted."}  # without one, the standard library makes one, at some cost
    if hasattr(made, "__post_init__"):
        own["__post_init__"] = made.__post_init__
    fields = [
        (
            field.name,
            object,
            dataclasses.field(default=field.default, default_factory=field.default_factory, kw_only=field.kw_only),
        )
        for field in dataclasses.fields(made)
    ]
    like: Any = dataclasses.make_dataclass(
        made.__name__, fields, namespace=own, frozen=True, repr=False, eq=False, match_args=False
    )
    init: Callable[..., None] = like.__init__
    return init


def _refuse_to_set(*about: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {about[1]!r}")


def _refuse_to_delete(*about: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {about[1]!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


_FROZEN: Mapping[str, Callable[..., Any]] = {
    "__setattr__": _refuse_to_set,
    "__delattr__": _refuse_to_delete,
    "__getstate__": _state,
    "__setstate__": _set_state,
}
