"""What `plan`, `apply`, `drift` and their like share: from flags to a plan of all targets, and its exit code."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.engine.load import Workspace, build_workspace, check_excluded, check_names, project_file
from reconciler.engine.options import PlanningOptions, PlanOptions, Surroundings, scope_of
from reconciler.engine.targets import ReadOptions
from reconciler.manifests.load_project import load_project
from reconciler.model import __version__
from reconciler.model.errors import ConfigurationError, Exit, NothingToCompareError, RefusedError, first_of
from reconciler.model.lint import LintLevel
from reconciler.plan.changes import Plan, TargetPlan, UnreadTarget
from reconciler.plan.checks import idle_deletes
from reconciler.plan.guards import GuardOptions
from reconciler.plan.make import MakeOptions
from reconciler.plan.sending import ALL
from reconciler.providers import settings_of

if TYPE_CHECKING:
    from reconciler.engine.saved_plan import SavedPlan


def load_sound(options: PlanningOptions, here: Surroundings) -> tuple[Workspace, list[str]]:
    """The workspace that the options select, and what is to be noted about it; all problems are raised. Misused options
    are refused."""
    if options.prune and options.selection.is_partial:
        raise RefusedError(
            "--prune needs all manifests: it is refused together with -f, --only and --select; --target is fine"
        )
    workspace, notes = _load(options, here)
    if not options.prune:  # which may meet excluded objects that no manifest names
        check_excluded(options.selection, workspace.desired)
    check_names("--enable", options.enable, {ALL, *workspace.desired.manifests})
    for problem in workspace.must_be_sound(strict=options.strict, allow_empty=options.allow_empty):
        notes.append(f"warning: {problem}")
    if options.base and workspace.bounds is None:
        raise NothingToCompareError(
            f"nothing to compare with yet: {options.base} has no project file here, so nothing in this proposal is "
            "trusted; the manifests are valid, and are planned once a project file is merged"
        )
    notes += [f"note: {text}" for text in workspace.skipped]
    return workspace, notes


def _load(options: PlanningOptions, here: Surroundings) -> tuple[Workspace, list[str]]:
    """The workspace and notes; with `--base` all that is trusted of its project file is that commit's."""
    config = project_file(options, here)
    project, root = load_project(config, settings_of), config.resolve().parent
    warnings = [] if options.base else _without_base(here)
    if not (options.base or options.changed_since):
        return build_workspace(project, root, options.selection, here), warnings
    from reconciler.engine.base import changes_since, find_project_path, read_base, trusted_project

    where = find_project_path(config, here)
    commits: dict[str, str] = {}
    origins, bounds, notes = None, None, []
    if options.base and (found := read_base(where, options.base, here)):
        notes = changes_since(project, found, here.environ)
        project, bounds = trusted_project(project, found), found.bounds
        commits["base"], origins = found.commit.hash, found.resources
    if options.changed_since:
        then = read_base(where, options.changed_since, here)
        if then is None:
            raise ConfigurationError(
                f"{where.path} does not exist at {options.changed_since}, so there is nothing to compare with: leave "
                "the flag out"
            )
        commits["changed_since"], origins = then.commit.hash, then.resources
    boundary = where.checkout.top if options.base else None
    workspace = build_workspace(project, root, options.selection, here, boundary=boundary)
    workspace = replace(workspace, base=origins, commits=commits, bounds=bounds, notes=tuple(notes))
    return workspace, [*warnings, *(f"note: {words}" for words in notes)]  # for a run that ends before its report too


def _without_base(here: Surroundings) -> list[str]:
    """A warning where a job of a proposal trusts the proposal."""
    if not is_proposals_job(here.environ):
        return []
    words = (
        "warning: this job runs for a pull or merge request, without --base: whoever proposes the change decides "
        "which commands run here and which systems get the credentials; pass --base with the full hash of the "
        "protected branch"
    )
    return [words]


def read_options(
    workspace: Workspace,
    options: PlanningOptions,
    *,
    must_resolve: bool = False,
    saved: SavedPlan | None = None,
    prune_confirmed: bool = True,
) -> ReadOptions:
    """How to read and plan, from a run's options and the project's safety rules. `prune_confirmed`: whoever runs this
    wants deletes, not only a plan file."""
    safety = workspace.project.safety
    return ReadOptions(
        plan=MakeOptions(
            prune=options.prune,
            named=frozenset(consent.delete for consent in safety.allow),
            when=options.test_when,
            rewrite_secrets=options.rewrite_secrets,
        ),
        guards=GuardOptions(
            max_deletes=safety.max_deletes,
            max_delete_percent=safety.max_delete_percent,
            max_deletes_flag=options.max_deletes,
            allow_replace=options.allow_replace,
            allow_duplicate=frozenset(options.allow_duplicate),
            allow_in_use=frozenset(options.allow_in_use),
            consented=frozenset(consent.delete for consent in safety.allow if consent.in_use),
            prune_confirmed=prune_confirmed,
            must_see_users=safety.in_use == "required",
        ),
        adopt=options.adopt,
        enable=frozenset(options.enable),
        must_resolve=must_resolve or options.strict,
        parallelism=options.parallelism,
        timeout=options.timeout,
        intent_only=bool(options.changed_since),
        saved=saved.promises if saved else None,
        assumed=_assumed(workspace, options.assume_version) if isinstance(options, PlanOptions) else {},
    )


def _assumed(workspace: Workspace, written: tuple[str, ...]) -> dict[str, str]:
    """`X=3.8` as a target and a version."""
    pairs = dict(item.partition("=")[::2] for item in written)
    check_names("--assume-version", pairs, workspace.project.targets)
    for target, version in pairs.items():
        if not re.fullmatch(r"[0-9]+(\.[0-9]+){0,2}", version):
            raise ConfigurationError(f"--assume-version {target}: write a target and a version, such as {target}=3.8")
    return pairs


def assemble(
    workspace: Workspace,
    plans: Iterable[TargetPlan],
    unread: Iterable[UnreadTarget],
    options: PlanningOptions,
    *,
    commit: str = "",
) -> Plan:
    """The plan of all targets that were read; `commit` is the one that it names."""
    unread = tuple(unread)
    if (options.prune or options.destroy) and unread:
        raise RefusedError(
            f"--{'destroy' if options.destroy else 'prune'} is refused, since a target could not be read: "
            + "; ".join(f"{target.target}: {target.error}" for target in unread)
        )
    plans = tuple(plans)
    return Plan(
        project=workspace.project.name,
        owner=workspace.project.owner,
        targets=plans,
        unread=unread,
        scope=scope_of(options, workspace.commits),
        created_at=now(workspace.here.environ),
        commit=commit,
        tool_version=__version__,
        notes=(*workspace.notes, *map(str, workspace.silences), *_idle_consents(workspace, plans, unread)),
    )


def _idle_consents(
    workspace: Workspace, plans: Collection[TargetPlan], unread: Collection[UnreadTarget]
) -> Iterator[str]:
    """A note for each delete that the project file consents to for nothing; only where every target was looked at.
    ConfigurationError where the project sets that rule to error."""
    level = workspace.levels.of("idle-consent")
    names = {consent.delete for consent in workspace.project.safety.allow}
    selection = workspace.selection
    everywhere = set(workspace.targets) == set(workspace.project.targets) and not unread
    narrowed = not everywhere or selection.is_partial or selection.exclude
    if level is LintLevel.OFF or not names or narrowed:
        return
    found = [str(problem) for problem in idle_deletes(plans, names)]
    if found and level is LintLevel.ERROR:
        raise ConfigurationError("\n".join(found))
    yield from found


def message_limit(workspace: Workspace, most: int | None) -> int:
    """How many recipients an apply may send test messages to; `most` is what a run was asked for."""
    return workspace.project.safety.max_messages if most is None else most


def now(environ: Mapping[str, str]) -> str:
    """When a plan was made; SOURCE_DATE_EPOCH fixes it, so that the same inputs give the same bytes."""
    epoch = environ.get("SOURCE_DATE_EPOCH", "")
    if epoch and not epoch.isdigit():
        raise ConfigurationError("SOURCE_DATE_EPOCH is not a number of seconds")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return moment.isoformat(timespec="seconds")


def plan_exit_code(plan: Plan, *, detailed: bool) -> Exit:
    """The code of `plan`; `detailed` asks whether there are changes, or fields that were not compared."""
    fitting = [Exit.ERROR] if plan.problems else []
    return first_of([*fitting, *([Exit.CHANGES] if detailed and not plan.is_empty else [])])


_PROPOSALS = {  # what the CIs set in the job of a pull or merge request, and in no other
    "BITBUCKET_PR_ID": r"\d+",
    "BUILDKITE_PULL_REQUEST": r"\d+",
    "CHANGE_ID": r".+",  # Jenkins
    "CIRCLE_PULL_REQUEST": r".+",
    "CI_MERGE_REQUEST_IID": r"\d+",
    "CI_PIPELINE_SOURCE": r"merge_request_event|external_pull_request_event",
    "DRONE_PULL_REQUEST": r"\d+",
    "GITHUB_EVENT_NAME": r"pull_request\w*",
    "SYSTEM_PULLREQUEST_PULLREQUESTID": r"\d+",  # Azure Pipelines
    "TRAVIS_PULL_REQUEST": r"\d+",
}


def is_proposals_job(environ: Mapping[str, str]) -> bool:
    """Whether this is the job of a pull or merge request, so that the checkout is its author's."""
    return any(re.fullmatch(pattern, environ.get(name, "")) for name, pattern in _PROPOSALS.items())
