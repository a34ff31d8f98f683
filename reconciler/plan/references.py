"""What refers to what; and to what is neither live nor planned: the plan knows, and does not leave it to apply.

A reference leads to another resource by its name, or to what the platform made by a role or user (`role:Admin`). Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.model.kinds import KINDS, Role
from reconciler.model.resource import LiveObject, Resource
from reconciler.model.text import few, suggest
from reconciler.model.values import Value
from reconciler.plan.marks import Match, Matching, Refusal


def live_fields(live: LiveObject, names: Mapping[str, str]) -> dict[str, Value]:
    """A live object's fields with references as the names of resources; `id:...` for what has no name."""
    kind = KINDS[live.kind or ""]
    fields = dict(live.fields)
    for field in kind.fields:
        value = fields.get(field.name)
        if field.role is Role.REFERENCE and isinstance(value, str):
            fields[field.name] = names.get(value, f"id:{value}")
        elif field.role is Role.REFERENCES and isinstance(value, frozenset):
            fields[field.name] = frozenset(names.get(item, f"id:{item}") for item in value)
    return fields


def effective_fields(resource: Resource, live: Mapping[str, Value]) -> Mapping[str, Value]:
    """A resource's fields as they shall become: in `mode: include`, what is not ours in a list stays in it."""
    if resource.fields.get("mode") != "include":
        return {name: value for name, value in resource.fields.items() if name != "mode"}
    fields = {name: value for name, value in resource.fields.items() if name != "mode"}
    ours, theirs = fields.get("channels"), live.get("channels")
    if isinstance(ours, frozenset) and isinstance(theirs, frozenset):
        fields["channels"] = ours | {name for name in theirs if ":" in name}
    return fields


def references(fields: Mapping[str, Value], kind: str) -> frozenset[str]:
    """The names (or ids, in a live object's fields) of all other resources that these fields refer to."""
    found: set[str] = set()
    for field in KINDS[kind].fields:
        value = fields.get(field.name)
        if field.role is Role.REFERENCE and isinstance(value, str):
            found.add(value)
        elif field.role is Role.REFERENCES and isinstance(value, frozenset):
            found |= value
    return frozenset(found)


def refuse_dangling(matching: Matching, selected: Collection[str] | None) -> list[Refusal]:
    """The refusals of matches whose references lead nowhere, all of a resource's in one message.

    `selected` are the names that are planned (None: all). What refers to a refused resource that is not live is
    refused with it.
    """
    live = set(matching.names.values())
    waiting = [match for match in matching.matches if selected is None or match.resource.name in selected]
    refusals: list[Refusal] = []
    while True:
        known = live | {match.resource.name for match in waiting}
        dangling = [match for match in waiting if _missing(match, known)]
        if not dangling:
            return refusals
        refusals += [Refusal(match.resource, _reason(match, known, matching)) for match in dangling]
        waiting = [match for match in waiting if match not in dangling]


def _missing(match: Match, known: Collection[str]) -> list[str]:
    """The names that lead nowhere; what the manifest ignores of a live object is not written, and so not needed."""
    ignored = match.resource.settings.ignore if match.found is not None else frozenset[str]()
    fields = {name: value for name, value in match.resource.fields.items() if name not in ignored}
    return sorted(references(fields, match.resource.kind) - set(known))


def _reason(match: Match, known: Collection[str], matching: Matching) -> str:
    refused = {refusal.resource.name for refusal in matching.refusals}
    return "; ".join(_word(name, known, refused) for name in _missing(match, known))


def _word(name: str, known: Collection[str], refused: Collection[str]) -> str:
    word, colon, who = name.partition(":")
    if not colon:
        why = "cannot be planned either" if name in refused else "is not selected, or is in no manifest given"
        return f"refers to {name}, which is not live yet and {why}"
    others = [one.removeprefix(f"{word}:") for one in known if one.startswith(f"{word}:")]
    hint = suggest(who, others) or (f"it has one for {few(others)}" if others else f"it has none for any {word}")
    return f"this target has no channel for the {word} {who}: {hint}"
