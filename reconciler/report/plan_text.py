"""A plan as a page, the way Terraform users know it: signs, fields, one summary line. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from reconciler.model.gaps import UnknownReason
from reconciler.model.kinds import KINDS, Role
from reconciler.model.masking import Json
from reconciler.model.resource import Server, VersionSource
from reconciler.model.text import plural, printable
from reconciler.plan.changes import (
    Action,
    Candidate,
    Change,
    Disabled,
    Message,
    NotCompared,
    Plan,
    RefusedResource,
    TargetPlan,
)
from reconciler.plan.diff import FieldChange
from reconciler.plan.marks import PROTECTED
from reconciler.report.view import (
    Entry,
    Line,
    Page,
    Paint,
    Section,
    Tone,
    in_order,
    plain,
    render_nested,
    shown_time,
    shown_value,
)

_TONES = {
    Action.CREATE: Tone.ADD,
    Action.UPDATE: Tone.CHANGE,
    Action.REPLACE: Tone.REPLACE,
    Action.DELETE: Tone.DESTROY,
}
_AS_WANTED = "No changes. What is live matches the manifests."
_ADDRESSES = frozenset(field.name for kind in KINDS.values() for field in kind.fields if field.role is Role.SECRET)


def render_plan(plan: Plan, paint: Paint = plain) -> str:
    """The whole plan as text; it ends with the headline and the summary: messages, and what the headline does not
    count."""
    return render_nested(plan_page(plan), paint)


def plan_page(plan: Plan) -> Page:
    """The plan with every change and its fields, target by target."""
    facts = (("made", plan.created_at), ("commit", plan.commit), ("reconciler", plan.tool_version))
    return Page(
        what="plan",
        project=plan.project,
        headline=headline(plan),
        tone=_tone(plan),
        notes=tuple(Line(printable(note)) for note in plan.notes),
        summary=tuple(_summary(plan)),
        sections=in_order(map(_section, plan.targets), plan.unread),
        facts=tuple((name, value) for name, value in facts if value),
    )


def _tone(plan: Plan) -> Tone:
    """GOOD only where everything was compared."""
    if plan.problems:
        return Tone.BAD
    if not plan.is_empty:
        return Tone.CHANGE
    return Tone.PLAIN if any(gaps_of(plan)) else Tone.GOOD


def _section(target: TargetPlan) -> Section:
    return Section(
        printable(target.target),
        about_target(target),
        notes=tuple(target_notes(target)),
        entries=(*map(refusal_entry, target.refusals), *map(change_entry, target.changes)),
        besides=tuple(gap_lines(target)),
        count=count_unchanged(target),
    )


def target_notes(target: TargetPlan) -> Iterator[Line]:
    """What a reviewer must know about a target first: what stays disabled, and the plan's notes on it."""
    yield from (Line(describe_disabled(item), Tone.WARN) for item in target.disabled)
    yield from (Line(f"note: {printable(note)}") for note in target.notes)


def refusal_entry(item: RefusedResource) -> Entry:
    """A resource that could not be planned, and why."""
    return Entry(Tone.BAD, "!", item.kind, printable(item.name), printable(item.message), group="refused")


def change_entry(change: Change) -> Entry:
    """A change with its reasons, and below it its fields, its notes and why it is held."""
    return Entry(
        tone=_TONES[change.action],
        sign=change.action.sign,
        kind=printable(change.kind),
        name=printable(change.name),
        remark=_remark(change),
        lines=tuple(_details(change)),
        group=change.action.value,
    )


def describe_disabled(item: Disabled) -> str:
    """What stays disabled, why, and what to do about it."""
    subject = f'disabled: {item.kind} "{printable(item.name)}"'
    if not item.by_hand:
        return f"{subject}, left to operators (ignore: [enabled])"
    since = shown_time(item.updated)
    when = f" (last changed {since})" if since else ""
    return f"{subject} by hand{when}, and left so: pass --enable {item.name} to enable it"


def summarise_disabled(items: Iterable[Disabled]) -> str:
    """`1 left disabled: oncall`; "" if there are none."""
    items = list(items)
    by_hand = [printable(item.name) for item in items if item.by_hand]
    parts = [f"{len(by_hand)} left disabled: {_each_once(by_hand)}"] if by_hand else []
    return "; ".join([*parts, *_left_to_operators(items)])


def _left_to_operators(items: Iterable[Disabled]) -> Iterator[str]:
    if operators := [printable(item.name) for item in items if not item.by_hand]:
        yield f"{len(operators)} disabled by operators: {_each_once(operators)}"


def _each_once(names: Iterable[str]) -> str:
    """`oncall on 3 targets, ops`: each name once, with the number of its targets."""
    counts = Counter(names)
    return ", ".join(f"{name} on {count} targets" if count > 1 else name for name, count in counts.items())


def about_target(target: TargetPlan) -> str:
    """`opensearch 3.6.0, by its answers`: the provider, the version, and where the version is known from."""
    return printable(" ".join(part for part in (target.provider, _version(target.server)) if part))


def _version(server: Server | None) -> str:
    if server is None:
        return ""
    match server.source:
        case VersionSource.NONE:
            return server.version
        case VersionSource.UNKNOWN:
            return f"{server.at_least} or newer, by its features" if server.at_least else "of an unknown version"
        case source:
            return f"{server.version}, by {source.value}"


def count_unchanged(target: TargetPlan) -> str:
    """`12 resources unchanged, 3 unmanaged`: the counts of what the plan does not touch."""
    half = f", {len(target.half_known)} not fully compared" if target.half_known else ""
    others = f", {target.others} of other owners" if target.others else ""
    return f"{plural(target.unchanged, 'resource')} unchanged{half}, {target.unmanaged} unmanaged{others}"


def _remark(change: Change) -> str:
    """`(fields differ; drift)  id acme_oncall`: why, and for which live object."""
    reasons = ", ".join(reason.value for reason in change.reasons)
    origin = f"; {change.origin.value}" if change.origin else ""
    identity = f"  id {printable(change.id)}" if change.id and change.action is not Action.CREATE else ""
    return f"({reasons}{origin}){identity}"


def _details(change: Change) -> Iterator[Line]:
    width = max((len(_path(field)) for field in change.fields), default=0)
    for field in change.fields:
        yield _field(change.action, field, width)
    for path, reference in change.unresolved:
        yield Line(f"{'.'.join(path)}: resolved at apply (from {printable(reference)})")
    if change.used_by is not None:
        from reconciler.report.users_text import used_by_lines  # few changes say who uses their object

        yield from map(Line, used_by_lines(change))
    yield from (Line(f"note: {printable(note)}") for note in change.notes)
    if change.held:
        yield Line(f"held: {printable(change.held)}", Tone.BAD)


def _path(field: FieldChange) -> str:
    return ".".join(printable(step) for step in field.path)


def _field(action: Action, field: FieldChange, width: int) -> Line:
    name = _path(field).ljust(width)
    if action in (Action.CREATE, Action.REPLACE) or field.before is None:
        return Line(f"{name} = {shown_value(field.after)}", Tone.ADD, "+")
    if isinstance(field.before, list) and isinstance(field.after, list):
        return Line(f"{name} = {_elements(field.before, field.after)}", Tone.CHANGE, "~")
    if field.after is None:
        return Line(f"{name} = {shown_value(field.before)}", Tone.DESTROY, "-")
    return Line(f"{name} = {_from_to(field.before, field.after)}", Tone.CHANGE, "~")


def _from_to(before: Json, after: Json) -> str:
    """`before -> after`; a secret whose visible part did not change is shown once."""
    if isinstance(before, dict) and isinstance(after, dict) and before.get("secret", "") == after.get("secret"):
        source = f" from {printable(str(after['reference']))}" if "reference" in after else ""
        return f"{printable(str(after['secret']))}  (differs){source}"
    return f"{shown_value(before)} -> {shown_value(after)}"


def _elements(before: list[Json], after: list[Json]) -> str:
    removed, added, kept = compare_sets(before, after)
    changes = [*(f"+ {item}" for item in added), *(f"- {item}" for item in removed)]
    return ", ".join([*changes, *([f"{kept} unchanged"] if kept else [])])


def compare_sets(before: list[Json], after: list[Json]) -> tuple[list[str], list[str], int]:
    """What only `before` has and what only `after` has, both as `shown_value` shows them; and how many both have."""
    ours, theirs = list(map(shown_value, after)), list(map(shown_value, before))
    known, wanted = set(theirs), set(ours)
    added = [item for item in ours if item not in known]
    return [item for item in theirs if item not in wanted], added, len(ours) - len(added)


def gap_lines(target: TargetPlan) -> Iterator[Line]:
    """What was not compared on a target, and what is left as it is."""
    for name, field in target.ignored:
        yield Line(f"ignored: {name} {field} differs, and is left as it is")
    for secret in target.unresolved:
        if secret.name not in target.changing:
            path = ".".join(secret.path)
            yield Line(f"not compared: {secret.name} {path} is resolved at apply (from {printable(secret.reference)})")
    if target.write_only:
        fields = ", ".join(f"{field.name} {'.'.join(field.path)}" for field in target.write_only)
        yield Line(f"write-only, so not compared: {fields}")
    for item in target.pending:
        yield Line(
            f'pending: {item.action.sign} {item.kind} "{printable(item.name)}", left alone ({printable(item.why)})'
        )
    if target.assumed:
        yield Line(f"with version {target.assumed}: {plural(len(target.would_refuse), 'refusal')} to expect")
        for refusal in target.would_refuse:
            yield Line(f'{refusal.kind} "{printable(refusal.name)}": {printable(refusal.message)}', depth=1)
    for leftover in target.leftovers:
        yield Line(f"leftover of an interrupted run: {leftover.id} ({', '.join(leftover.flags)} of {leftover.name})")
    for copy in target.copies:
        words = f"{copy.id} carries the mark of {copy.name} too; `reconciler destroy {copy.name}@{copy.id}` removes it"
        yield Line(f"copy: {printable(words)}")


def headline(plan: Plan) -> str:
    """The summary in one line. It says `No changes` of everything only if everything was read and compared."""
    if plan.is_empty:
        gaps = "; ".join(gaps_of(plan))
        whole = "Nothing to destroy." if plan.scope.get("destroy") else _AS_WANTED
        return f"No changes in what can be compared; {gaps}." if gaps else whole
    if plan.unread and not plan.targets:
        return "No plan: no target could be read."
    files = sum(item.is_file for item in plan.unread)
    targets = len(plan.unread) - files
    counts = plan.counts
    parts = [f"Plan: {counts.actions}{_may_change(plan)}.", *([f"{counts.held} held."] if counts.held else [])]
    if refused := sum(len(target.refusals) for target in plan.targets):
        parts.append(f"{refused} refused.")
    parts += [f"{plural(targets, 'target')} could not be read."] if targets else []
    parts += [f"{plural(files, 'file')} gave no plan."] if files else []
    return " ".join(parts)


def _may_change(plan: Plan) -> str:
    """`; up to 6 more to change, with 6 messages, where an address could not be read here`; "" if every one was."""
    more = sum(len(target.may_change) for target in plan.targets)
    messages = sum(len(target.possible_messages) for target in plan.targets)
    if not more and not messages:
        return ""
    sending = plural(messages, "message")
    what = f"{more} more to change, with {sending}," if more and messages else f"{more} more to change"
    fields = {field.path[0] for target in plan.targets for field in target.unresolved}
    value = "an address" if fields <= _ADDRESSES else "a value"
    return f"; up to {what if more else f'{sending} more'} where {value} could not be read here"


def gaps_of(plan: Plan) -> Iterator[str]:
    """What a plan without changes says nothing about, worded for `No changes in what can be compared; ...`."""
    yield from left_out(plan, cannot="cannot be")


def left_out(plan: Plan, *, cannot: str = "cannot be compared") -> Iterator[str]:
    """What a run that found nothing says nothing about: what was not compared, and what operators disabled."""
    yield from count_gaps(((target.target, target.not_compared) for target in plan.targets), cannot=cannot)
    yield from _left_to_operators(item for target in plan.targets for item in target.disabled)


def count_gaps(
    gaps: Iterable[tuple[str, Iterable[NotCompared]]], *, cannot: str = "cannot be compared"
) -> Iterator[str]:
    """`3 write-only fields cannot be compared`, and so on, from the gaps of each target. Fields that are resolved at
    apply are left to the caller."""
    found = [(target, item) for target, items in gaps for item in items]
    reasons = [item.reason for _, item in found]
    if write_only := reasons.count(UnknownReason.WRITE_ONLY):
        yield f"{plural(write_only, 'write-only field')} {cannot}"
    if ignored := reasons.count(UnknownReason.IGNORED):
        yield f"{plural(ignored, 'field')} ignored"
    if lists := [printable(target) for target, item in found if item.reason is UnknownReason.LIST_INCOMPLETE]:
        yield f"the list of {', '.join(lists)} is incomplete"


def _summary(plan: Plan) -> Iterator[Line]:
    if any(target.unresolved for target in plan.targets):
        count = sum(len(target.unresolved) for target in plan.targets)
        yield Line(f"{plural(count, 'field')} not compared: resolved at apply.")
    if not plan.is_empty and (gaps := ", ".join(left_out(plan))):  # an empty plan says so in its headline
        yield Line(f"{gaps}.")
    if plan.messages:
        yield Line(describe_messages(plan.messages))
    candidates: dict[str, list[str]] = {}
    for target in plan.targets:
        for item in target.candidates:
            candidates.setdefault(_candidate(item), []).append(target.target)
    if candidates:
        count = sum(len(targets) for targets in candidates.values())
        yield Line(f"{plural(count, 'prune candidate')}, deleted only with --prune:")
        yield from (Line(f"{item} on {', '.join(targets)}", depth=1) for item, targets in candidates.items())
    protected = [PROTECTED in item.flags for target in plan.targets for item in target.leftovers]
    if leftovers := protected.count(False):
        yield Line(
            f"{plural(leftovers, 'leftover')} of an interrupted run, removed by the next apply that changes something."
        )
    if kept := protected.count(True):
        yield Line(f"{plural(kept, 'leftover')} of an interrupted run, {_left(kept)}: protected.")
    copies = sum(len(target.copies) for target in plan.targets)
    if copies:
        noun = "copy" if copies == 1 else "copies"
        yield Line(f"{copies} {noun} with the mark of another object, {_left(copies)}.")
    hints = dict.fromkeys(hint for target in plan.targets for hint in target.hints)
    yield from (Line(f"hint: {printable(hint)}") for hint in hints)
    by_hand = (item for target in plan.targets for item in target.disabled if item.by_hand)
    if disabled := summarise_disabled(by_hand):
        yield Line(f"{disabled}.")


def _left(count: int) -> str:
    return "left as it is" if count == 1 else "left as they are"


def _candidate(item: Candidate) -> str:
    flags = f" ({', '.join(item.flags)})" if item.flags else ""
    return f'{item.kind} "{item.name}"{flags}  id {printable(item.id)}'


def describe_messages(messages: tuple[Message, ...], shown: int = 12) -> str:
    """`Will send 3 test messages: oncall, ops-mail (2 recipients), ...`; each with its target if there are several
    targets, and at most `shown` of them."""
    several = len({message.key.target for message in messages}) > 1
    words = [f"{message.key.target}/" * several + _message(message) for message in messages[:shown]]
    more = [f"and {len(messages) - shown} more"] if len(messages) > shown else []
    return f"Will send {plural(len(messages), 'test message')}: {', '.join([*words, *more])}"


def _message(message: Message) -> str:
    through = f" through {message.channel}" if message.channel != message.name else ""
    people = f" ({plural(len(message.recipients), 'recipient')})" if message.recipients else ""
    return f"{message.name}{through}{people}"
