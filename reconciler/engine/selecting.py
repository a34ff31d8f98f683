"""Which targets and manifests a run covers: names with globs, labels, and an error for what matches nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reconciler.model.errors import ConfigurationError
from reconciler.model.text import few, suggest

if TYPE_CHECKING:
    from reconciler.engine.options import Selection
    from reconciler.model.resource import Resource
    from reconciler.plan.desired import Desired


def match_names(flag: str, patterns: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """The known names that the patterns of a flag match, sorted; ConfigurationError for a pattern that matches none."""
    found: set[str] = set()
    for pattern in patterns:
        matching = {name for name in known if fnmatchcase(name, pattern)}
        if not matching:
            raise ConfigurationError(f"{flag} {pattern}: nothing has this name; {_hint(pattern, known)}")
        found |= matching
    return tuple(sorted(found))


def is_selected(resource: Resource, selection: Selection) -> bool:
    """Whether a run covers a resource."""
    if selection.only and not is_named(resource.name, selection.only):
        return False
    if is_named(resource.name, selection.exclude):
        return False
    labels = (item.partition("=") for item in selection.select)
    return all(resource.labels.get(key) == value for key, _, value in labels)


def is_named(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns matches a name."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def check_selection(selection: Selection, desired: Desired, targets: Iterable[str]) -> None:
    """ConfigurationError if a run would cover nothing, though there are manifests: that is no success."""
    match_names("--only", selection.only, desired.manifests)
    labels = {f"{key}={value}" for item in desired.manifests.values() for key, value in item.labels.items()}
    for item in selection.select:
        if "=" not in item:
            raise ConfigurationError(f"--select {item}: write a label and its value, as team=payments")
        if item not in labels:
            raise ConfigurationError(f"--select {item}: no manifest has this label; {_hint(item, labels)}")
    if not (selection.only or selection.select or selection.exclude) or not desired.manifests:
        return
    targets = list(targets)
    if not any(is_selected(item, selection) for target in targets for item in desired.resources[target].values()):
        raise ConfigurationError(
            f"nothing is selected: no manifest for {', '.join(sorted(targets))} matches all of {_given(selection)}"
        )


def check_excluded(selection: Selection, desired: Desired) -> None:
    """ConfigurationError for an exclusion that excludes nothing: a slip of the pen would cover more than was meant."""
    match_names("--exclude", selection.exclude, desired.manifests)


def _hint(written: str, known: Collection[str]) -> str:
    return suggest(written, known) or f"there are: {few(sorted(known)) or 'none'}"


def _given(selection: Selection) -> str:
    flags = (("--only", selection.only), ("--select", selection.select), ("--exclude", selection.exclude))
    return ", ".join(f"{flag} {item}" for flag, items in flags for item in items)
