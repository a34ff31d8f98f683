"""Drift as text and as a JSON document: what changed live, since when, and what an apply would restore. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from reconciler.model.gaps import UnknownReason
from reconciler.model.masking import Json
from reconciler.model.resource import ChangeKey, same_named
from reconciler.model.text import plural, printable
from reconciler.plan.changes import Reason, TargetPlan
from reconciler.plan.diff import FieldChange
from reconciler.plan.origin import Drift, Drifted
from reconciler.report.plan_text import (
    about_target,
    change_entry,
    compare_sets,
    count_unchanged,
    gap_lines,
    left_out,
    refusal_entry,
    target_notes,
)
from reconciler.report.view import (
    Entry,
    Line,
    Page,
    Paint,
    Section,
    Tone,
    in_order,
    plain,
    render_flat,
    shown_time,
    shown_value,
)

DRIFT_FORMAT = "reconciler.drift/v1"


def render_drift(drift: Drift, paint: Paint = plain) -> str:
    """For each target what drifted and what is not applied yet, then one summary line."""
    return render_flat(drift_page(drift), paint)


def drift_page(drift: Drift) -> Page:
    """What drifted and what is not applied yet, target by target."""
    moved, pending = _by_target(drift.moved), _by_target(drift.pending)
    alike = same_named(item.change.key for item in (*drift.moved, *drift.pending))
    read = (_section(item, moved[item.target], pending[item.target], alike) for item in drift.plan.targets)
    sections = in_order(read, drift.plan.unread)
    notes = tuple(Line(printable(note)) for note in drift.plan.notes)
    return Page("drift", drift.plan.project, describe_drift(drift), _tone(drift), notes, sections=sections)


def _tone(drift: Drift) -> Tone:
    """GOOD only where everything was compared."""
    if drift.moved or drift.plan.problems:
        return Tone.BAD
    if drift.not_compared:
        return Tone.WARN
    return Tone.PLAIN if any(left_out(drift.plan)) else Tone.GOOD


def _by_target(items: Iterable[Drifted]) -> defaultdict[str, list[Drifted]]:
    found: defaultdict[str, list[Drifted]] = defaultdict(list)
    for item in items:
        found[item.target].append(item)
    return found


def _section(
    target: TargetPlan, moved: Iterable[Drifted], pending: Iterable[Drifted], alike: Collection[ChangeKey]
) -> Section:
    refused = (replace(refusal_entry(item), sign="") for item in target.refusals)
    there = (_moved(item, alike) for item in moved)
    waiting = (replace(_entry(item, alike), remark="not applied yet") for item in pending)
    return Section(
        printable(target.target),
        about_target(target),
        notes=tuple(target_notes(target)),
        entries=(*refused, *there, *waiting),
        besides=tuple(gap_lines(target)),
        count=count_unchanged(target),
    )


def _moved(item: Drifted, alike: Collection[ChangeKey]) -> Entry:
    return replace(_entry(item, alike), remark=describe_drifted(item), lines=tuple(_details(item)))


def _entry(item: Drifted, alike: Collection[ChangeKey]) -> Entry:
    """The change's entry without its sign, which would say what an apply does about it, not what happened."""
    change = item.change
    return replace(change_entry(change), sign="", id=printable(change.id or "") if change.key in alike else "")


def _details(item: Drifted) -> Iterator[Line]:
    """A line for each field: what is live and what the manifest says; then the notes of the change."""
    if not item.is_missing:
        yield from (Line(f"{_path(field)}: {_sides(field.before, field.after)}") for field in item.change.fields)
    yield from (Line(f"note: {printable(note)}") for note in item.change.notes)
    if item.change.held:
        yield Line(f"held: {printable(item.change.held)}")


def _path(field: FieldChange) -> str:
    return ".".join(printable(step) for step in field.path)


def _sides(live: Json, wanted: Json) -> str:
    """`live is ..., manifest says ...`; of a set only what is live beyond the manifest, and what is missing live."""
    if isinstance(live, list) and isinstance(wanted, list):
        extra, missing, _ = compare_sets(live, wanted)
        parts = [f"live also has {', '.join(extra)}"] if extra else []
        parts += [f"live lacks {', '.join(missing)}"] if missing else []
        return "; ".join(parts)
    return f"live is {_side(live)}, manifest says {_side(wanted)}"


def _side(value: Json) -> str:
    return "nothing" if value is None else shown_value(value)


def describe_drifted(item: Drifted) -> str:
    """What happened to one resource, and when, if the system says so."""
    if item.is_missing and item.change.held:
        return "is not known to be live, and an apply would not create it"
    if item.is_missing:
        return "is not live: deleted by hand, or never applied"
    since = shown_time(item.change.updated)
    if Reason.DISABLED_BY_HAND in item.change.reasons:
        when = f"; last changed {since}" if since else ""
        return f"disabled by hand{when}"
    if Reason.ADOPTED in item.change.reasons:
        what = "differs, and has no mark" if item.change.fields else "has no mark"
        when = f"; last changed {since}" if since else ""
        return f"{what}: removed by hand or by another tool, or not adopted yet{when}"
    return f"differs; last changed {since}" if since else "differs; when it was changed is not known"


def describe_drift(drift: Drift) -> str:
    """The summary line. `No drift.` only where everything was compared."""
    unresolved = sum(len(target.unresolved) for target in drift.plan.targets)
    compared = f"; {plural(unresolved, 'field')} not compared" if unresolved else ""
    compared += "".join(f"; {gap}" for gap in left_out(drift.plan))
    unread = len(drift.plan.unread)
    missing = f"; {plural(unread, 'target')} not read" if unread else ""
    pending = f"; {plural(len(drift.pending), 'resource')} not applied yet" if drift.pending else ""
    held = sum(1 for item in (*drift.moved, *drift.pending) if item.change.held)
    pending += f"; {held} held by a guard" if held else ""
    if drift.moved:
        return f"Drift: {plural(len(drift.moved), 'resource')}{pending}{compared}{missing}."
    if compared or missing:
        return f"No drift in what was compared{pending}{compared}{missing}."
    return f"No drift{pending}."


def drift_document(drift: Drift) -> dict[str, Any]:
    """Drift as JSON values; each change has the fields that it has in a plan document."""
    from reconciler.plan.saved import change_document

    def entries(items: tuple[Drifted, ...]) -> list[dict[str, Any]]:
        return [
            {
                "target": item.target,
                "missing": item.is_missing,
                **change_document(item.change),
            }
            for item in items
        ]

    return {
        "format": DRIFT_FORMAT,
        "drifted": bool(drift.moved),
        "not_compared": drift.not_compared,
        "gaps": [
            {"target": target.target, "name": gap.name, "path": list(gap.path), "reason": gap.reason.value}
            for target in drift.plan.targets
            for gap in target.not_compared
        ],
        "disabled_by_operators": [
            {"target": target.target, "kind": item.kind, "name": item.name, "id": item.id}
            for target in drift.plan.targets
            for item in target.disabled
            if not item.by_hand
        ],
        "notes": [*drift.plan.notes],
        "errors": {target.target: target.error for target in drift.plan.unread},
        "moved": entries(drift.moved),
        "pending": entries(drift.pending),
    }


def drift_schema() -> dict[str, Any]:
    """The JSON Schema of a drift document: a plan's changes, each with its target and whether anything is live."""
    from reconciler.plan.saved import plan_schema

    plan = plan_schema()
    own = {"target": {"type": "string"}, "missing": {"type": "boolean"}}
    entry = {"allOf": [{"$ref": "#/$defs/Change"}], "properties": own, "required": sorted(own)}
    entries = {"type": "array", "items": entry}
    text = {"type": "string"}
    reason = {"enum": sorted(UnknownReason), "description": "A reason of docs/evidence.md."}
    path = {"type": "array", "items": text}
    properties = {
        "format": {"const": DRIFT_FORMAT},
        "drifted": {"type": "boolean"},
        "not_compared": {
            "type": "integer",
            "minimum": 0,
            "description": "How many fields could not be compared: their value is not known, here or to us.",
        },
        "gaps": {
            **_table(target=text, name=text, path=path, reason=reason),
            "description": "Each field that was not compared, and each list that may lack something (without a name).",
        },
        "disabled_by_operators": {
            **_table(target=text, kind=text, name=text, id=text),
            "description": "What is disabled, and its manifest leaves that to operators.",
        },
        "notes": {
            "type": "array",
            "items": {"type": "string"},
            "description": "What a proposal changes of the project file.",
        },
        "errors": {"type": "object", "additionalProperties": {"type": "string"}},
        "moved": entries,
        "pending": entries,
    }
    return {
        "$schema": plan["$schema"],
        "title": "What moved that no manifest asked for",
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "$defs": plan["$defs"],
    }


def _table(**properties: Any) -> dict[str, Any]:
    """The schema of a list of objects that have all of these properties and no other."""
    item = {"type": "object", "properties": properties, "required": sorted(properties), "additionalProperties": False}
    return {"type": "array", "items": item}
