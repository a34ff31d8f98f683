"""What one run of a verb is asked to do: one frozen dataclass a verb, made by `cli` from arguments.

An option that a saved plan remembers says here, once, what it does to the run's scope: `SCOPE` is read from the fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, field, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from reconciler.model.dataclass import dataclass
from reconciler.model.resource import OnFailure, When

if TYPE_CHECKING:
    from reconciler.model.provider import Permit
    from reconciler.secrets.sources import SecretSource


class Effect(StrEnum):
    """What an option does to a run's scope, and so how far a plan file may be believed that holds it.

    What narrows can do no harm. What widens, or softens a guard, counts only from a file that is verified by its key,
    or if whoever applies it gives the flag again.
    """

    NARROWS = "narrows"  # less is planned
    WIDENS = "widens"  # more is written or deleted than without it
    SOFTENS = "softens"  # a guard or a test stands in the way of less


@dataclass(frozen=True, slots=True)
class ScopeRule:
    """How a saved plan holds one option: its flag, its effect, its type in JSON, its value where it is not given."""

    name: str
    flag: str
    effect: Effect
    json_type: type
    default: Any
    is_commit: bool = False

    def to_json(self, value: Any) -> Any:
        """A value as the plan's document has it; None where it is not given."""
        if value == self.default:
            return None
        if isinstance(value, tuple):
            return sorted(value)
        return value.value if isinstance(value, When) else value

    def from_json(self, value: Any) -> Any:
        """The option's value, from `to_json`'s; ValueError if it cannot be one."""
        if value is None:
            return self.default
        if type(value) is not self.json_type:
            raise ValueError
        if isinstance(value, list):
            if not all(isinstance(item, str) for item in value):
                raise ValueError
            return tuple(value)
        return When(str(value)) if self.name == "test_when" else value


def _scope(effect: Effect, json_type: type, *, flag: str = "", is_commit: bool = False) -> Mapping[str, Any]:
    return {"scope": (effect, json_type, flag, is_commit)}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run is given of the process that it runs in: the environment's variables, the folder that relative paths
    start from, and what a manifest file called `-` is read from (None: nothing can be).

    `sources` are secret sources of the caller's own by name, in place of the built-in ones that have these names.
    `permit` is awaited before each write and each test message, its repetitions too, and raises a TargetError
    to keep it from being sent.
    """

    environ: Mapping[str, str]
    folder: Path
    stdin: BinaryIO | None = None
    sources: Mapping[str, SecretSource] = field(default_factory=dict, repr=False)
    permit: Permit | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run covers, names with globs. Empty tuples mean everything; `files` replaces the project's manifests.
    `names` are those that a verb takes without a flag, and add to `only`."""

    files: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def chosen(self) -> tuple[str, ...]:
        """The names that narrow the run, however they were given."""
        return (*self.only, *self.names)

    @property
    def is_partial(self) -> bool:
        """Whether some of the project's manifests are left out, so nothing may be pruned."""
        return bool(self.files or self.chosen or self.select)


@dataclass(frozen=True, kw_only=True)
class ProjectOptions:
    """The project file (None: `reconciler.yaml` here or above), and the targets of it that the run covers."""

    config: Path | None = None
    targets: tuple[str, ...] = field(default=(), metadata=_scope(Effect.NARROWS, list, flag="--target"))

    @property
    def selection(self) -> Selection:
        """What the run covers."""
        return Selection(targets=self.targets)


@dataclass(frozen=True, kw_only=True)
class ReachOptions:
    """Calls side by side for each target, and seconds for each call; None: as the project file says."""

    parallelism: int | None = None
    timeout: float | None = None


@dataclass(frozen=True, kw_only=True)
class ManifestOptions(ProjectOptions):
    """The manifests that the run covers. `strict`: warnings are errors, and every secret must be there."""

    files: tuple[str, ...] = field(default=(), metadata=_scope(Effect.WIDENS, list, flag="--file"))
    only: tuple[str, ...] = field(default=(), metadata=_scope(Effect.NARROWS, list))
    select: tuple[str, ...] = field(default=(), metadata=_scope(Effect.NARROWS, list))
    exclude: tuple[str, ...] = field(default=(), metadata=_scope(Effect.NARROWS, list))
    strict: bool = False

    @property
    def selection(self) -> Selection:
        """What the run covers."""
        return Selection(self.files, self.targets, self.only, self.select, self.exclude)


@dataclass(frozen=True, kw_only=True)
class PlanningOptions(ManifestOptions, ReachOptions):
    """What `plan` and `apply` share: how targets are read and planned. `base` and `changed_since` name commits;
    `destroy` deletes what carries our mark, all or what `only` names, whatever manifests there are."""

    destroy: bool = field(default=False, metadata=_scope(Effect.WIDENS, bool))
    prune: bool = field(default=False, metadata=_scope(Effect.WIDENS, bool))
    adopt: bool = field(default=False, metadata=_scope(Effect.WIDENS, bool))
    enable: tuple[str, ...] = field(default=(), metadata=_scope(Effect.SOFTENS, list))
    rewrite_secrets: bool = field(default=False, metadata=_scope(Effect.WIDENS, bool))
    test_when: When | None = field(default=None, metadata=_scope(Effect.SOFTENS, str))
    allow_replace: bool = field(default=False, metadata=_scope(Effect.SOFTENS, bool))
    allow_empty: bool = field(default=False, metadata=_scope(Effect.SOFTENS, bool))
    allow_duplicate: tuple[str, ...] = field(default=(), metadata=_scope(Effect.SOFTENS, list))
    allow_in_use: tuple[str, ...] = field(default=(), metadata=_scope(Effect.SOFTENS, list))
    max_deletes: int | None = field(default=None, metadata=_scope(Effect.SOFTENS, int))
    base: str | None = field(default=None, metadata=_scope(Effect.NARROWS, str, is_commit=True))
    changed_since: str | None = field(default=None, metadata=_scope(Effect.NARROWS, str, is_commit=True))
    max_messages: int | None = None


@dataclass(frozen=True, kw_only=True)
class PlanOptions(PlanningOptions):
    """`plan`. `against` is a snapshot's file, `max_age` how old it may be (`24h`); `assume_version` holds
    `TARGET=VERSION`."""

    assume_version: tuple[str, ...] = ()
    against: Path | None = None
    max_age: str = "24h"


@dataclass(frozen=True, kw_only=True)
class WritingOptions(ReachOptions):
    """How a plan is carried out. `max_messages` bounds the recipients of test messages, `on_test_failure` overrides
    every manifest's; `if_head` is the branch whose newest commit this must be, `journal` a file. `leftovers` are the
    ids of those that the caller knows to be of no run under way: they are removed, though nothing else is written."""

    max_messages: int | None = None
    on_test_failure: OnFailure | None = None
    leftovers: tuple[str, ...] = ()
    if_head: str | None = None
    journal: Path | None = None


@dataclass(frozen=True, kw_only=True)
class ApplyOptions(PlanningOptions, WritingOptions):
    """`apply`. `plan_file` is a saved plan, of which only what it shows is carried out."""

    plan_file: Path | None = None


@dataclass(frozen=True, kw_only=True)
class DestroyOptions(ProjectOptions, WritingOptions):
    """`destroy`: all that carries our mark, or what `names` says (NAME, NAME@ID), with the guards on."""

    names: tuple[str, ...] = ()
    max_deletes: int | None = None
    allow_in_use: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReleaseOptions(ProjectOptions, WritingOptions):
    """`release`: the objects that lose our mark, by NAME (globs too) or NAME@ID."""

    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DriftOptions(ManifestOptions, ReachOptions):
    """`drift`. `base` is the commit against which origins are derived; `without_secrets` resolves none."""

    base: str | None = None
    without_secrets: bool = False


@dataclass(frozen=True, kw_only=True)
class TestOptions(ManifestOptions, ReachOptions):
    """`test`: the channels that are named, or `everything` but those under `test.when: never`."""

    __test__ = False  # pytest would take it for a test class

    names: tuple[str, ...] = ()
    everything: bool = False

    @property
    def selection(self) -> Selection:
        """What the run covers."""
        return Selection(self.files, self.targets, self.only, self.select, self.exclude, self.names)


@dataclass(frozen=True, kw_only=True)
class ListOptions(ProjectOptions, ReachOptions):
    """`list`: what is owned, or `everything`; with its `users`. `types`: what the targets can notify of instead. `only`
    narrows it to these names (globs too), `exclude` leaves some out; `select` narrows it to what manifests with these
    labels describe, and so reads the manifests."""

    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    everything: bool = False
    types: bool = False
    users: bool = False

    @property
    def selection(self) -> Selection:
        """What the run covers."""
        return Selection(targets=self.targets, select=self.select)


@dataclass(frozen=True, kw_only=True)
class UsersOptions(ProjectOptions, ReachOptions):
    """`users`: who uses the objects `names` (NAME, globs too, NAME@ID, or an id), or who names what is not there."""

    names: tuple[str, ...] = ()
    dangling: bool = False


class Purpose(StrEnum):
    """What credentials are for, and so which rights they need."""

    PLAN = "plan"
    APPLY = "apply"
    TEST = "test"


@dataclass(frozen=True, kw_only=True)
class DoctorOptions(ProjectOptions, ReachOptions):
    """`doctor`: whether the credentials have the rights that their `purpose` needs."""

    purpose: Purpose = Purpose.APPLY


@dataclass(frozen=True, kw_only=True)
class ExportOptions(ProjectOptions, ReachOptions):
    """`export`: what is owned, or `everything`, or what matches `patterns` (`kind=Slack*`). `adopt` pins unmanaged
    objects by `spec.id`; files go to `folder`, or a snapshot to the file `snapshot`. `from_terraform` is a state's
    file, or `-`: just what it manages, under the names that it has there, pinned by `spec.id`."""

    owned: bool = False
    everything: bool = False
    patterns: tuple[str, ...] = ()
    adopt: bool = False
    overwrite: bool = False
    folder: Path | None = None
    snapshot: Path | None = None
    from_terraform: str | None = None


def planning_of(options: ManifestOptions | DestroyOptions) -> PlanningOptions:
    """The options under which a verb reads and plans that has fewer of its own."""
    shared = {item.name for item in fields(PlanningOptions)} & {item.name for item in fields(options)}
    return PlanningOptions(**{name: getattr(options, name) for name in shared})


def _rule(item: Field[Any]) -> ScopeRule:
    effect, json_type, flag, is_commit = item.metadata["scope"]
    written = flag or f"--{item.name.replace('_', '-')}"
    return ScopeRule(item.name, written, effect, json_type, item.default, is_commit)


SCOPE: Mapping[str, ScopeRule] = {
    item.name: _rule(item) for item in fields(PlanningOptions) if "scope" in item.metadata
}
"""The options that a saved plan holds, by name: the one place that says what each does to a run's scope."""


def scope_of(options: PlanningOptions, commits: Mapping[str, str]) -> dict[str, object]:
    """The scope that a plan remembers: every option that was given. Commits stand there by their hash (`commits`)."""
    given = {
        name: rule.to_json(commits.get(name) if rule.is_commit else getattr(options, name))
        for name, rule in SCOPE.items()
    }
    return {name: value for name, value in given.items() if value is not None}
