"""The plan as a value: per target, the changes in order, and all else that a reviewer must know.

It sorts, compares, prints and goes to JSON. There is no function, client or secret inside: secrets are shown masked.
An empty plan is a plan, not None. How one is made is `make`, what holds a change back is `guards`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Problem
from reconciler.model.evidence import UsedBy
from reconciler.model.gaps import UnknownReason
from reconciler.model.resource import ChangeKey, Server
from reconciler.plan.diff import FieldChange


class Action(StrEnum):
    """What is done to one resource. `sign` is how a plan shows it."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"

    @property
    def sign(self) -> str:
        """The sign that Terraform users know."""
        return {"create": "+", "update": "~", "replace": "-/+", "delete": "-"}[self.value]


class Reason(StrEnum):
    """Why a change is planned."""

    CREATED = "created"
    FIELDS_DIFFER = "fields differ"
    SECRET_DIFFERS = "secret differs"  # noqa: S105 - words shown to the user
    KIND_CHANGED = "kind changed"
    PRUNED = "pruned"
    NAMED = "named"
    DUPLICATE = "duplicate"
    UNVERIFIED = "unverified"
    MARK_LOST = "mark lost"
    ADOPTED = "adopted"
    OWNER_CHANGED = "owner changed"
    RENAMED = "renamed"
    DISABLED_BY_HAND = "disabled by hand"
    RELEASED = "released"


ADOPTING = "adopted: the mark is written"
"""The note of a change that takes a live object over."""


class Origin(StrEnum):
    """Where a difference comes from, as `--base` tells it."""

    INTENT = "intent"
    SECRET = "secret"  # noqa: S105 - the word names the origin
    DRIFT = "drift"


@dataclass(frozen=True, slots=True)
class Message:
    """One test message that an apply will send: for which resource, through which channel, to how many.

    `key` is that of the change it tests, or of the unchanged channel. `recipients` are mail addresses; a channel
    without any counts as one receiver.
    """

    key: ChangeKey
    channel: str
    recipients: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The resource's name."""
        return self.key.name

    @property
    def count(self) -> int:
        """How many people or places will get it."""
        return max(1, len(self.recipients))


@dataclass(frozen=True, slots=True)
class Change:
    """One action on one resource.

    `id` is the live object's, or the one it will be created under, where we choose it. A create has no before, a delete
    no after. `needs` are the changes that must have succeeded first. `held` says why a guard keeps it from being
    applied. `updated` is when the live object was last changed, in the server's form. `used_by` says who sends through
    it, where the change takes it away or brings it back; None where nobody asked, or nobody can.
    """

    action: Action
    target: str
    kind: str
    name: str
    id: str | None
    reasons: tuple[Reason, ...]
    fields: tuple[FieldChange, ...] = ()
    origin: Origin | None = None
    needs: tuple[ChangeKey, ...] = ()
    notes: tuple[str, ...] = ()
    held: str = ""
    updated: str = ""
    unresolved: tuple[tuple[tuple[str, ...], str], ...] = ()
    used_by: UsedBy | None = None

    @property
    def key(self) -> ChangeKey:
        """What identifies it."""
        return ChangeKey(self.target, self.kind, self.name, self.id)

    @property
    def is_inferred(self) -> bool:
        """Whether it deletes what no manifest names, and nobody named either: such a delete waits for all else."""
        return self.action is Action.DELETE and Reason.PRUNED in self.reasons

    @property
    def affects_delivery(self) -> bool:
        """Whether messages could be lost or go elsewhere because of it, so it must be verified."""
        return self.action in (Action.CREATE, Action.REPLACE) or any(item.delivery for item in self.fields)

    @property
    def adopts(self) -> bool:
        """Whether it makes ours what was unmanaged."""
        return Reason.ADOPTED in self.reasons

    @property
    def only_adopts(self) -> bool:
        """Whether nothing but the mark is written."""
        return self.adopts and self.action is Action.UPDATE and not self.fields

    @property
    def disables(self) -> bool:
        """Whether it mutes an enabled channel."""
        return self.action is Action.UPDATE and any(
            item.path == ("enabled",) and item.after is False for item in self.fields
        )

    def __str__(self) -> str:
        return f'{self.kind} "{self.name}"'


@dataclass(frozen=True, slots=True)
class Candidate:
    """A live object of ours that no manifest names, or a leftover of an interrupted run."""

    kind: str
    name: str
    id: str
    updated: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProbableRename:
    """What is to be created, and prune candidates, of one kind and with one address: probably one under a new name."""

    created: tuple[ChangeKey, ...]
    candidates: tuple[ChangeKey, ...]


@dataclass(frozen=True, slots=True)
class RefusedResource:
    """A resource that cannot be planned, and why. `missing`: there is nothing live that it could keep."""

    kind: str
    name: str
    message: str
    missing: bool = False

    def problem(self, target: str) -> Problem:
        """The same as a problem of a target."""
        subject = f'{target}: {self.kind} "{self.name}"'
        return Problem((), f"cannot be planned: {self.message}", "not-planned", subject=subject)


@dataclass(frozen=True, slots=True)
class SecretField:
    """A field of a resource that was not compared: its reference could not be resolved, or it is write-only.

    `id` and `updated` are the live object's, as in a `Change`.
    """

    name: str
    path: tuple[str, ...]
    reference: str = ""
    id: str | None = None
    updated: str = ""


@dataclass(frozen=True, slots=True)
class NotCompared:
    """What of a target was not looked at, and why: a field of a resource, or without a `name` the list as a whole."""

    reason: UnknownReason
    name: str = ""
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Disabled:
    """A live object that stays disabled though its manifest does not disable it. `by_hand`: a person did it, and
    `--enable` lifts it; else the manifest leaves it to operators."""

    kind: str
    name: str
    id: str
    updated: str = ""
    by_hand: bool = True


@dataclass(frozen=True, slots=True)
class Pending:
    """A change that is there to be made and is left alone by this run, and why."""

    action: Action
    kind: str
    name: str
    why: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of the summary line. A replace is counted as one to add and one to destroy; what is adopted is to
    change as well only where a field of it differs."""

    add: int = 0
    change: int = 0
    destroy: int = 0
    adopt: int = 0
    held: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.add + other.add,
            self.change + other.change,
            self.destroy + other.destroy,
            self.adopt + other.adopt,
            self.held + other.held,
        )

    @property
    def actions(self) -> str:
        """`1 to add, 0 to change, 0 to destroy`, and `, 12 to adopt` where there are any."""
        adopting = f", {self.adopt} to adopt" if self.adopt else ""
        return f"{self.add} to add, {self.change} to change, {self.destroy} to destroy{adopting}"

    def __str__(self) -> str:
        return f"{self.actions}." + (f" {self.held} held." if self.held else "")


@dataclass(frozen=True, slots=True)
class UnreadTarget:
    """A target that could not be read, and why: nothing is known of it, so nothing is planned, and nothing is done.

    `is_file`: it is a file that gave no plan, by its name; how many targets that file was about is not known.
    """

    target: str
    provider: str
    error: str
    is_file: bool = False

    @property
    def problem(self) -> Problem:
        """The same as a problem."""
        return Problem(
            (),
            f"could not be read: {self.error}",
            "target-unread",
            subject=f"{'file' if self.is_file else 'target'} {self.target}",
        )


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """All that is to be done on one target that was read, in order, and what else a reviewer must know.

    `unresolved` and `write_only` fields were not compared, and `possible_messages` are sent too if they differ;
    `disabled` is what stays so though no manifest says it; `hints` are lines to paste or questions.
    `candidates` carry our mark and no manifest names them, `copies` carry that of a resource which another object is;
    `renames` are candidates that some creates probably are. `unmanaged` and `others` count what carries no mark, and
    another owner's. `pending` is left alone by this run; `would_refuse` is what a server of the version `assumed` would
    not take. `unchanged` counts what was compared wholly and is as desired.
    """

    target: str
    provider: str
    server: Server | None = None
    changes: tuple[Change, ...] = ()
    messages: tuple[Message, ...] = ()
    possible_messages: tuple[Message, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    copies: tuple[Candidate, ...] = ()
    renames: tuple[ProbableRename, ...] = ()
    leftovers: tuple[Candidate, ...] = ()
    refusals: tuple[RefusedResource, ...] = ()
    unresolved: tuple[SecretField, ...] = ()
    write_only: tuple[SecretField, ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()
    disabled: tuple[Disabled, ...] = ()
    hints: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pending: tuple[Pending, ...] = ()
    assumed: str = ""
    would_refuse: tuple[RefusedResource, ...] = ()
    unchanged: int = 0
    unmanaged: int = 0
    others: int = 0

    @property
    def incomplete(self) -> str:
        """Why objects may be missing from what was read; "" if none can be."""
        return self.server.incomplete if self.server else ""

    @property
    def due(self) -> tuple[Change, ...]:
        """The changes that no guard holds back."""
        return tuple(change for change in self.changes if not change.held)

    @property
    def counts(self) -> Counts:
        """The numbers of the summary line."""
        actions = [change.action for change in self.due]
        replaces = actions.count(Action.REPLACE)
        return Counts(
            add=actions.count(Action.CREATE) + replaces,
            change=actions.count(Action.UPDATE) - sum(change.only_adopts for change in self.due),
            destroy=actions.count(Action.DELETE) + replaces,
            adopt=sum(change.adopts for change in self.due),
            held=len(self.changes) - len(actions),
        )

    @property
    def is_empty(self) -> bool:
        """Whether live is as desired, every field compared: only then `No changes.` may be said."""
        return not (self.changes or self.pending or self.refusals or self.unresolved or self.left_disabled)

    @property
    def changing(self) -> frozenset[str]:
        """The names of the resources that have a change. What is deleted is none, whatever name its mark holds."""
        return frozenset(change.name for change in self.changes if change.action is not Action.DELETE)

    @property
    def may_change(self) -> frozenset[str]:
        """The names of what shows no change, and has one if a value differs that could not be compared."""
        return frozenset(field.name for field in self.unresolved) - self.changing

    @property
    def not_compared(self) -> tuple[NotCompared, ...]:
        """All that a reader may not take for being as desired."""
        return (
            *(NotCompared(UnknownReason.UNRESOLVED, item.name, item.path) for item in self.unresolved),
            *(NotCompared(UnknownReason.WRITE_ONLY, item.name, item.path) for item in self.write_only),
            *(NotCompared(UnknownReason.IGNORED, name, (field,)) for name, field in self.ignored),
            *((NotCompared(UnknownReason.LIST_INCOMPLETE),) if self.incomplete else ()),
        )

    @property
    def half_known(self) -> frozenset[str]:
        """The names of what shows no change, and of which something was not compared, or is left as it is live."""
        fields = {field.name for field in (*self.unresolved, *self.write_only)}
        left = {name for name, _ in self.ignored} | {item.name for item in self.disabled}
        return frozenset(fields | left) - self.changing

    @property
    def left_disabled(self) -> tuple[str, ...]:
        """The names of what a person disabled, and this run leaves so."""
        return tuple(item.name for item in self.disabled if item.by_hand)


@dataclass(frozen=True, slots=True)
class Plan:
    """The plans of all targets of a run that were read, and the targets that were not.

    `scope` holds the flags that chose what it covers; `notes` say what a proposal changes of the project file, and are
    shown before all else.
    """

    project: str
    owner: str
    targets: tuple[TargetPlan, ...] = ()
    unread: tuple[UnreadTarget, ...] = ()
    scope: Mapping[str, object] = field(default_factory=dict)
    created_at: str = ""
    commit: str = ""
    tool_version: str = ""
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> Counts:
        """The numbers of the summary line, over all targets."""
        return sum((target.counts for target in self.targets), Counts())

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done on any target, and everything was read and compared."""
        return not self.unread and all(target.is_empty for target in self.targets)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What kept targets from being read, and resources from being planned."""
        refused = (item.problem(target.target) for target in self.targets for item in target.refusals)
        return (*(target.problem for target in self.unread), *refused)

    @property
    def messages(self) -> tuple[Message, ...]:
        """All test messages of an apply."""
        return tuple(message for target in self.targets for message in target.messages)
