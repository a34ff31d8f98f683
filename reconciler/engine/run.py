"""A run of a verb, from its options on: load, then plan, apply, test, find drift, export or list. The library's verbs.

Nothing is printed or asked: warnings come back in `Run.notes`, errors are those of `reconciler.model.errors`. What a
run needs of its process comes in as `Surroundings`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.engine.load import (
    Workspace,
    check_selection,
    is_named,
    load_project_only,
    load_workspace,
    match_names,
    project_file,
)
from reconciler.engine.options import (
    ApplyOptions,
    DestroyOptions,
    DriftOptions,
    ListOptions,
    ManifestOptions,
    PlanningOptions,
    PlanOptions,
    ProjectOptions,
    ReachOptions,
    ReleaseOptions,
    Surroundings,
    UsersOptions,
    WritingOptions,
    planning_of,
)
from reconciler.engine.plan import assemble, load_sound, message_limit, read_options
from reconciler.engine.read import split_targets
from reconciler.engine.targets import Live, ReadOptions, read_targets, refuse_moved
from reconciler.manifests.load_project import load_project
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, UsageError
from reconciler.model.text import suggest
from reconciler.plan.changes import Plan, UnreadTarget
from reconciler.plan.desired import Desired
from reconciler.plan.guards import check_messages
from reconciler.plan.make import MakeOptions
from reconciler.providers import settings_of

if TYPE_CHECKING:
    from reconciler.engine.live import ReadTarget
    from reconciler.engine.saved_plan import SavedPlan
    from reconciler.plan.origin import Drift


@dataclass(frozen=True, slots=True)
class Run:
    """What a verb starts from: the workspace, the options as they count, and what is to be noted (one line each).

    `saved` is the plan that an apply keeps to; `prune_confirmed`: deletes are wanted by whoever runs this, and not by
    that file alone.
    """

    workspace: Workspace
    options: ProjectOptions
    planning: PlanningOptions
    notes: tuple[str, ...] = ()
    saved: SavedPlan | None = None
    prune_confirmed: bool = True


def prepare(options: ProjectOptions, here: Surroundings) -> Run:
    """Read project, manifests and, where it is named, the saved plan. No request is made.

    ProblemsError holds all that is wrong with the manifests; ConfigurationError and RefusedError say what else.
    """
    if isinstance(options, ApplyOptions) and options.plan_file is not None:
        return _prepare_saved(options, options.plan_file, here)
    if isinstance(options, PlanningOptions) and options.destroy:
        return _prepare_destroy(options, here)
    if isinstance(options, ManifestOptions):
        planning = options if isinstance(options, PlanningOptions) else planning_of(options)
        workspace, notes = load_sound(planning, here)
        if options.selection.names:
            workspace = replace(workspace, selection=options.selection)
            check_selection(workspace.selection, workspace.desired, workspace.targets)
        return Run(workspace, options, planning, tuple(notes))
    if isinstance(options, ReleaseOptions):
        return _prepare_release(options, here)
    if isinstance(options, ListOptions) and options.select:
        return _prepare_selected(options, here)
    workspace = load_project_only(options, here)
    planning = PlanningOptions(config=options.config, targets=options.targets)
    if isinstance(options, DestroyOptions):
        planning = replace(planning_of(options), destroy=True)
    return Run(workspace, options, planning, tuple(f"{problem.level}: {problem}" for problem in workspace.problems))


def run_of(workspace: Workspace, options: ProjectOptions) -> Run:
    """A run on a workspace that was made elsewhere (`workspace_of`), and whose problems were looked at there.

    `options` select what it covers; their `config` and `files` are not looked at. ConfigurationError where they select
    a target that the project does not have.
    """
    match_names("--target", options.targets, workspace.project.targets)
    if isinstance(options, DestroyOptions):
        nothing = Desired({name: {} for name in workspace.project.targets}, {})
        workspace = replace(workspace, desired=nothing, selection=options.selection)
        return Run(workspace, options, replace(planning_of(options), destroy=True))
    workspace = replace(workspace, selection=options.selection)
    if not isinstance(options, ManifestOptions):
        return Run(workspace, options, PlanningOptions(targets=options.targets))
    planning = options if isinstance(options, PlanningOptions) else planning_of(options)
    return Run(workspace, options, planning)


def _prepare_release(options: ReleaseOptions, here: Surroundings) -> Run:
    """Manifests are read for their names only, so problems in them do not matter."""
    workspace = load_workspace(options, here)
    named = sorted(name for name in workspace.desired.manifests if is_named(name, options.names))
    notes = [
        f"note: a manifest names {name}: remove it, or the next apply takes the object over again, or holds one like it"
        for name in named
    ]
    return Run(workspace, options, PlanningOptions(config=options.config, targets=options.targets), tuple(notes))


def _prepare_selected(options: ListOptions, here: Surroundings) -> Run:
    """Labels are only in manifests, so these are read, and must be valid for the selection to be known."""
    workspace = load_workspace(options, here)
    if not workspace.desired.manifests and all(problem.rule == "no-manifests" for problem in workspace.problems):
        raise ConfigurationError(
            f"--select {options.select[0]}: labels are in manifests, and there are none: check spec.manifests, or "
            "choose by name with --only"
        )
    warnings = workspace.must_be_sound(strict=False, allow_empty=False)
    planning = PlanningOptions(config=options.config, targets=options.targets, select=options.select)
    return Run(workspace, options, planning, tuple(f"warning: {problem}" for problem in warnings))


_NOT_WITH_DESTROY = (
    "prune",
    "files",
    "select",
    "exclude",
    "adopt",
    "enable",
    "rewrite_secrets",
    "base",
    "changed_since",
    "against",
    "assume_version",
)


def _prepare_destroy(options: PlanningOptions, here: Surroundings) -> Run:
    """No manifest is read: whatever carries our mark is deleted."""
    given = [
        f"--{name.replace('_', '-').removesuffix('s')}" for name in _NOT_WITH_DESTROY if getattr(options, name, None)
    ]
    if given:
        raise UsageError(f"--destroy cannot be combined with {', '.join(given)}: name what to delete with --only NAME")
    workspace = load_project_only(ProjectOptions(config=options.config, targets=options.targets), here)
    return Run(workspace, options, options, tuple(f"{problem.level}: {problem}" for problem in workspace.problems))


def _prepare_saved(options: ApplyOptions, plan_file: Path, here: Surroundings) -> Run:
    from reconciler.engine.saved_plan import check_commits, check_project, read_plan, with_scope

    saved = read_plan(here.folder / plan_file, here.environ)
    check_project(saved, load_project(project_file(options, here), settings_of))
    within, prune_confirmed = with_scope(saved, options)
    if within.destroy:
        run = _prepare_destroy(within, here)
        return replace(run, notes=(*run.notes, *_not_verified(saved)), saved=saved, prune_confirmed=prune_confirmed)
    workspace, notes = load_sound(within, here)
    check_commits(saved, workspace.commits)
    return Run(workspace, within, within, (*notes, *_not_verified(saved)), saved, prune_confirmed)


def _not_verified(saved: SavedPlan) -> Iterator[str]:
    if saved.signed and not saved.verified:
        yield f"note: {saved.name} is signed, but RECONCILER_PLAN_KEY is not set: its signature was not checked"


def destroyed_names(options: ProjectOptions) -> tuple[str, ...] | None:
    """The NAME or NAME@ID selectors of a run that destroys; () for everything of ours, None for any other run."""
    if isinstance(options, DestroyOptions):
        return options.names
    return options.only if isinstance(options, PlanningOptions) and options.destroy else None


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and the targets that were read for it, with open connections; none if it is against a snapshot."""

    run: Run
    plan: Plan
    lives: tuple[Live, ...]


@asynccontextmanager
async def planned(run: Run, *, with_commit: bool = True) -> AsyncIterator[Planned]:
    """Read all targets and plan them; the connections are always closed at the end. `with_commit`: the plan names its
    commit, which takes a git process that a plan for the screen does not need.

    A target that cannot be read is in the plan with its error. RefusedError where a saved plan no longer holds.
    """
    options, reading = run.options, _reading(run)
    commit = await asyncio.to_thread(_head_commit, run.workspace) if with_commit else ""
    if isinstance(options, PlanOptions) and options.against is not None:
        from reconciler.engine.snapshots import plan_against

        file = run.workspace.here.folder / options.against
        plans = await plan_against(run.workspace, reading, file, options.max_age)
        yield Planned(run, assemble(run.workspace, plans, (), run.planning, commit=commit), ())
        return
    names = options.names if isinstance(options, ReleaseOptions) else destroyed_names(options)
    async with read_targets(run.workspace, reading, only_owned=names is not None) as targets:
        lives, unread = split_targets(targets)
        if names and run.saved is None and not unread:  # what a saved plan names may be deleted already
            _check_names(lives, names)
        if isinstance(options, ReleaseOptions):
            lives = [_narrowed_to_release(live, options.names) for live in lives]
        refuse_moved(lives)
        plans = [live.plan for live in lives]
        plan = assemble(run.workspace, plans, unread, run.planning, commit=commit)
        yield Planned(run, plan, tuple(lives))


def _head_commit(workspace: Workspace) -> str:
    from reconciler.git import head_commit

    return head_commit(workspace.root, workspace.here.environ)


def _reading(run: Run) -> ReadOptions:
    """How the run's targets are read and planned."""
    options, writes = run.options, isinstance(run.options, ApplyOptions)
    reading = read_options(
        run.workspace, run.planning, must_resolve=writes, saved=run.saved, prune_confirmed=run.prune_confirmed
    )
    if isinstance(options, DriftOptions):
        reading = replace(reading, resolve=not options.without_secrets)
    names = destroyed_names(options)
    return reading if names is None else replace(reading, plan=MakeOptions(destroy=True, only=frozenset(names)))


def _check_names(lives: list[Live], names: tuple[str, ...]) -> None:
    """ConfigurationError for a name that no object of ours has."""
    from reconciler.plan.release import is_chosen

    ours = [item for live in lives for item in live.matching.owned]
    for name in names:
        if not any(is_chosen(item, {name}) for item in ours):
            hint = suggest(name, {item.name for item in ours}) or "run reconciler list to see what there is"
            raise ConfigurationError(f"{name}: nothing live carries this project's mark under that name; {hint}")


def _narrowed_to_release(live: Live, names: tuple[str, ...]) -> Live:
    """The target with the plan of a release."""
    from reconciler.plan.release import make_release_plan

    return replace(live, plan=make_release_plan(live.plan, live.matching, names))


def with_enabled(run: Run, names: tuple[str, ...]) -> Run:
    """The run that also enables what was disabled by hand under these names."""
    return replace(run, planning=replace(run.planning, enable=(*run.planning.enable, *names)))


async def make_plan(run: Run, *, with_commit: bool = True) -> Plan:
    """What an apply would do, on all targets. Reads only; errors as `planned`."""
    async with planned(run, with_commit=with_commit) as done:
        return done.plan


async def find_drift(run: Run, *, with_commit: bool = True) -> Drift:
    """Find live changes that no manifest asked for. Reads only."""
    from reconciler.plan.origin import find_drift as drift_of

    return drift_of(await make_plan(run, with_commit=with_commit))


def check_limits(run: Run, plan: Plan) -> None:
    """RefusedError if carrying the plan out would send more test messages than allowed."""
    options = run.options
    most = options.max_messages if isinstance(options, (PlanningOptions, WritingOptions)) else None
    check_messages(plan, message_limit(run.workspace, most))


async def list_objects(run: Run) -> list[ReadTarget | UnreadTarget]:
    """Everything live on the targets, whose it is, and what could not be read; no plan is made.

    Who uses the channels is in it for `UsersOptions`, and for `ListOptions` that ask for it.
    """
    from reconciler.engine.live import read_live  # for verbs that make no plan

    options = run.options
    users = isinstance(options, UsersOptions) or (isinstance(options, ListOptions) and options.users)
    reach = options if isinstance(options, ReachOptions) else run.planning
    return await read_live(run.workspace, reach, users=users)
