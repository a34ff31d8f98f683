"""What of a project is planned on a target at one look, and what is left out and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.engine.options import ApplyOptions
from reconciler.model.dataclass import dataclass
from reconciler.model.kinds import KINDS
from reconciler.operator.entries import Entry, entries_of
from reconciler.operator.outcomes import SECRET_NOT_FOUND, blocked
from reconciler.operator.preparing import Prepared
from reconciler.operator.resources import CustomResource, behaviour_of
from reconciler.operator.schedule import is_held_by_its_test, is_test_due, wishes
from reconciler.operator.secrets import missing, versions


@dataclass(frozen=True, slots=True)
class Choice:
    """One look at a target. `before` are the entries of all that is planned, already of this generation; `changed` the
    names of what somebody changed since it was applied; `tests` are due if nothing else tests them, `test_wishes` what
    asked for them (`test-requested-at`); `left_out` has the entries of what is not planned, None for those that stay
    as they are."""

    before: Mapping[str, Entry]
    changed: frozenset[str]
    tests: tuple[str, ...]
    test_wishes: Mapping[str, str]
    left_out: Mapping[str, Entry | None]
    options: ApplyOptions


def choose(
    found: Prepared,
    target: str,
    latest: Mapping[str, CustomResource],
    now: float,
    unwritten: Mapping[str, Entry | None] | None = None,
) -> Choice:
    """What is to be planned on a target. `latest` are the resources with their newest statuses, by name; `unwritten`
    what a run established since then, and could not write there."""
    before: dict[str, Entry] = {}
    left_out: dict[str, Entry | None] = {}
    changed: set[str] = set()
    tests: list[str] = []
    for name in sorted(found.wanted(target)):
        resource = latest[name]
        entry = newest(entries_of(resource).get(target) or Entry(target), (unwritten or {}).get(name))
        references = found.references(target, name)
        secrets = versions(references, found.snapshot.secrets)
        behaviour = behaviour_of(resource, found.project)
        if name in found.blocks or behaviour.suspend:
            left_out[name] = None
            continue
        fresh = replace(
            entry,
            generation=resource.generation,
            project_generation=found.project.generation,
            secrets=secrets,
            requested_at=wishes(resource, found.project),
        )
        lacking = missing(references, found.snapshot.secrets)
        lacking += [f"{item}: {found.unread[item]}" for item in sorted(references & found.unread.keys(), key=str)]
        if lacking:
            left_out[name] = blocked(fresh, SECRET_NOT_FOUND, "; ".join(dict.fromkeys(lacking)), stalled=False)
        elif is_held_by_its_test(entry, resource, secrets, found.project, behaviour, now):
            left_out[name] = entry  # its status may say that nobody looked, as while the project was suspended
        else:
            before[name] = fresh
            if not _is_same(entry, fresh):
                changed.add(name)
            if KINDS[resource.kind].sends and is_test_due(entry, resource, behaviour, now):
                tests.append(name)
    options = _options(found, target, latest, tuple(sorted(left_out)))
    wanted = {name: latest[name].test_requested_at for name in before if latest[name].test_requested_at}
    return Choice(before, frozenset(changed), tuple(tests), wanted, left_out, options)


def newest(written: Entry, unwritten: Entry | None) -> Entry:
    """The entry that counts: what could not be written, unless somebody else wrote of a later test since then."""
    return written if unwritten is None or written.test_time > unwritten.test_time else unwritten


def without_all(choice: Choice) -> Choice:
    """The choice of a project that is being deleted: nothing is planned, and all entries stay as they are."""
    names = {*choice.before, *choice.left_out}
    options = replace(choice.options, exclude=tuple(sorted(names)))
    return replace(choice, before={}, tests=(), left_out=dict.fromkeys(names), options=options)


def _is_same(entry: Entry, fresh: Entry) -> bool:
    """Whether nothing that a person writes changed since the entry was made."""
    return (entry.generation, entry.project_generation, dict(entry.secrets)) == (
        fresh.generation,
        fresh.project_generation,
        dict(fresh.secrets),
    )


def _options(
    found: Prepared, target: str, latest: Mapping[str, CustomResource], left_out: tuple[str, ...]
) -> ApplyOptions:
    """The run's options, with the consents that annotations give."""
    numbers = found.project.allowed_numbers
    return ApplyOptions(
        targets=(target,),
        exclude=left_out,
        allow_empty=True,
        enable=tuple(sorted(name for name in found.wanted(target) if "enable" in latest[name].allows)),
        allow_in_use=tuple(sorted(name for name in found.wanted(target) if "in-use" in latest[name].allows)),
        max_deletes=numbers.get("max-deletes"),
        max_messages=numbers.get("max-messages"),
    )
