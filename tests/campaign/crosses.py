"""What may be out of the ordinary besides a fault: another state before, other wishes, less known, fewer rights.

Each cross says what of it must be so after the first run, whatever else goes wrong. What the second run is to bring
about, it can: whoever runs it has done by then what the first one said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.model.errors import Exit
from reconciler.model.resource import Resource, Settings
from tests.campaign.states import DEAD, GONE, hook, live_object, slack

__all__ = ["ALL_RIGHTS", "CROSSES", "LEAST_RIGHTS", "PASSWORD", "Cross", "joined"]

Wish = Callable[[list[Resource]], list[Resource]]


def _users(role: str, *, filtering: bool) -> dict[str, Any]:
    return {
        "users": {"ci": {"password": PASSWORD, "backend_roles": ["team-a"], "roles": [role]}},
        "filter_by_backend_roles": filtering,
    }


PASSWORD = "ci-password"
ALL_RIGHTS = _users("all_access", filtering=False)
LEAST_RIGHTS = _users("notifications_full_access", filtering=True)
"""What most pipelines have: all of the notifications, not `GET /`, and only what their team made."""


def _as_it_is(resources: list[Resource]) -> list[Resource]:
    return resources


@dataclass(frozen=True)
class Cross:
    """One thing that is out of the ordinary.

    `live` is there besides, `muted` are ids that a person disabled. `first` and `second` make of the wishes what the
    two runs are given. `held` are the ids that the first run must hold, once it got so far, and `says` is in its
    report then; `stays` are those that no run may touch, `stays_first` those that the first may not. `hidden` are ids
    that the roles do not show, and somebody removes before the second run. `enable` is the second run's. `code` is
    what the first run ends with where nothing else goes wrong.
    """

    name: str
    live: tuple[dict[str, Any], ...] = ()
    muted: frozenset[str] = frozenset()
    first: Wish = _as_it_is
    second: Wish = _as_it_is
    held: frozenset[str] = frozenset()
    says: str = ""
    stays: frozenset[str] = frozenset()
    stays_first: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    enable: frozenset[str] = frozenset()
    has_least_rights: bool = False
    hides_version: bool = False
    code: Exit = Exit.DONE
    marks_twice: frozenset[str] = field(default_factory=frozenset)


def _renamed(resources: list[Resource]) -> list[Resource]:
    """`words` under a new name, which says so."""
    return [
        replace(item, name="words-now", settings=replace(item.settings, renamed_from=("words",)))
        if item.name == "words"
        else item
        for item in resources
    ]


def _with(*more: Resource) -> Wish:
    return lambda resources: [*resources, *more]


def _may_be_twice(*names: str) -> Wish:
    def allow(resources: list[Resource]) -> list[Resource]:
        consent = frozenset({"duplicate"})
        return [
            replace(item, settings=replace(item.settings, allow=consent)) if item.name in names else item
            for item in resources
        ]

    return allow


def _moved(*, renamed: bool) -> Wish:
    """`gone`, which the manifests name no more, and one that sends where it does."""

    def wish(resources: list[Resource]) -> list[Resource]:
        rest = [item for item in resources if item.name != GONE]
        settings = Settings(renamed_from=(GONE,)) if renamed else Settings()
        return [*rest, replace(slack("moved"), settings=settings)]

    return wish


def _without_gone(resources: list[Resource]) -> list[Resource]:
    return [item for item in resources if item.name != GONE]


CROSSES: dict[str, Cross] = {
    cross.name: cross
    for cross in (
        Cross(
            "two of one mark",
            live=(
                live_object("copy-of-keep", "[acme/keep]", "keep", "1"),
                live_object("copy-of-gone", "[acme/gone]", "gone", "1"),
            ),
            first=_without_gone,
            second=_without_gone,
            stays=frozenset({"copy-of-keep"}),
            marks_twice=frozenset({"acme/keep"}),
        ),
        Cross(
            "a look-alike",
            live=(live_object("by-hand", "made by hand", "alike", "2"),),
            first=lambda resources: [*_without_gone(resources), slack("alike", 5)],
            second=lambda resources: _may_be_twice("alike")([*_without_gone(resources), slack("alike", 5)]),
            held=frozenset({"acme_alike"}),
            says="an unmanaged object looks like this one (by-hand): adopt it",
            stays=frozenset({"by-hand"}),
            stays_first=frozenset({"acme_gone"}),
            code=Exit.PARTIAL,
        ),
        Cross("renamed", first=_renamed, second=_renamed),
        Cross(
            "probably renamed",
            first=_moved(renamed=False),
            second=_moved(renamed=True),
            held=frozenset({"acme_moved", "acme_gone"}),
            says="write spec.renamed_from",
            stays_first=frozenset({"acme_gone"}),
            code=Exit.PARTIAL,
        ),
        Cross(
            "a create that fails",
            first=lambda resources: [*_without_gone(resources), hook("doomed", 9, DEAD)],
            second=lambda resources: [*_without_gone(resources), hook("doomed", 5)],
            stays_first=frozenset({"acme_gone"}),
            code=Exit.PARTIAL,
        ),
        Cross(
            "muted by hand",
            muted=frozenset({"acme_keep", "acme_address", "acme_ticks"}),
            says="left disabled: ",
            enable=frozenset({"all"}),
        ),
        Cross("unknown version", hides_version=True),
        Cross("least rights", has_least_rights=True),
        Cross(
            "a hidden id",
            has_least_rights=True,
            live=({**live_object("acme_taken", "another team's", "theirs", "y"), "access": ["team-b"]},),
            first=lambda resources: [*_without_gone(resources), hook("taken", 5)],
            second=lambda resources: [*_without_gone(resources), hook("taken", 5)],
            says="is there, but your roles may not see it",
            stays_first=frozenset({"acme_taken", "acme_gone"}),
            hidden=frozenset({"acme_taken"}),
            code=Exit.PARTIAL,
        ),
    )
}
"""Every cross by its name."""


def joined(names: Iterable[str]) -> list[Cross]:
    """The crosses of these names, in the order in which their wishes are made."""
    chosen = set(names)
    return [cross for name, cross in CROSSES.items() if name in chosen]
