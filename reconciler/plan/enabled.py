"""Whether a channel is on: a mute by hand is kept apart from our own, and is lifted only when asked.

What we disabled has the flag `disabled` in its mark, if its kind carries one. What is disabled without it was disabled
by a person, who may have had a reason that no manifest knows: it stays so, is listed, and counts as drift. Pure.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from reconciler.plan.changes import Disabled
from reconciler.plan.diff import FieldChange
from reconciler.plan.marks import DISABLED, How, Match, Off

ALL = "all"
"""Stands for every name in a list of what shall be enabled."""

ON, OFF = "ENABLED", "DISABLED"
"""The states of a kind that has one in place of `enabled`."""

_ADOPTING = (How.ID, How.DISPLAY_NAME)


def settle_enabled(match: Match, enable: Collection[str]) -> Match:
    """The match with what this run shall make of `enabled` as what its resource wants.

    What was disabled by hand stays so, unless `enable` names it (or says `all`), and what a manifest leaves to
    operators is as it is live; `Match.off` then says why.
    """
    found, resource = match.found, match.resource
    if found is not None and "state" in found.live.fields:
        return _settle_state(match, enable)
    if found is None or "enabled" not in found.live.fields or "enabled" not in resource.fields:
        return match
    is_off = found.live.fields["enabled"] is False
    if "enabled" in resource.settings.ignore:
        return replace(_wanting(match, enabled=not is_off), off=Off.BY_OPERATORS if is_off else None)
    if is_disabled_by_hand(match) and ALL not in enable and not match.key("").is_among(enable):
        return replace(_wanting(match, enabled=False), off=Off.BY_HAND)
    return match


def _settle_state(match: Match, enable: Collection[str]) -> Match:
    """The same for a kind that carries no mark, so that nobody can tell who disabled it. A state that the manifest
    writes is managed like any field; where it writes none, what is disabled is a person's doing."""
    resource = match.resource
    is_off = match.found is not None and match.found.live.fields["state"] == OFF
    if not is_off or ("state" in resource.fields and "state" not in resource.settings.ignore):
        return match
    if "state" in resource.settings.ignore:
        return replace(match, off=Off.BY_OPERATORS)
    if ALL in enable or match.key("").is_among(enable):
        return replace(match, resource=replace(resource, fields={**resource.fields, "state": ON}))
    return replace(match, off=Off.BY_HAND)


def is_disabled_by_hand(match: Match) -> bool:
    """Whether a person disabled what the manifest wants enabled. Adopting an object is a decision about it; where the
    mark was lost, nobody knows any more who disabled it, so it counts as a person's."""
    found = match.found
    if found is None or found.live.fields.get("enabled") is not False:
        return False
    if match.resource.fields.get("enabled") is not True:
        return False
    if found.mark is None:
        return match.how not in _ADOPTING
    return DISABLED not in found.mark.flags


def we_disable(match: Match) -> bool:
    """Whether the mark shall say that we disabled the object: as the manifest has it, or as it was where the manifest
    leaves that to operators."""
    if match.off is not None:
        return match.off is Off.BY_OPERATORS and _has_flag(match)
    return match.resource.fields.get("enabled") is False


def _has_flag(match: Match) -> bool:
    mark = match.found.mark if match.found else None
    return mark is not None and DISABLED in mark.flags


def disabled_object(match: Match) -> Disabled | None:
    """What a plan reports of a resource that is, and stays, disabled though its manifest does not disable it."""
    if match.off is None or match.found is None:
        return None
    found = match.found
    return Disabled(match.resource.kind, match.resource.name, found.id, found.live.updated, match.off is Off.BY_HAND)


def mark_change(match: Match) -> FieldChange | None:
    """The change of the mark that keeps who disabled an object, where nothing else of it changes with that."""
    found = match.found
    if found is None or found.mark is None or match.off is not None:
        return None
    before, after = _has_flag(match), we_disable(match)
    if before == after or found.live.fields.get("enabled") != match.resource.fields.get("enabled"):
        return None
    return FieldChange(("mark", DISABLED), before, after)


def _wanting(match: Match, *, enabled: bool) -> Match:
    resource = match.resource
    return replace(match, resource=replace(resource, fields={**resource.fields, "enabled": enabled}))
