"""The flags that several verbs share, each mirrored by an environment variable `RECONCILER_<FLAG>`; and how a verb
prepares a run from its options and this process, and carries it out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import fields
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from reconciler.cli.main import run_loop
from reconciler.cli.terminal import be_quiet, note
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError
from reconciler.model.kinds import KINDS
from reconciler.model.resource import OnFailure, When
from reconciler.model.text import suggest

if TYPE_CHECKING:
    from reconciler.engine.options import ProjectOptions, Surroundings
    from reconciler.engine.run import Run


T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Any], Any]


class _Option(click.Option):
    """An option that is not given an empty value: `--base "$BASE"`, where that variable is not set, would else be a run
    without a base, which trusts what was proposed. An environment variable that is empty counts as not set."""

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, ParameterSource]:
        value, source = super().consume_value(ctx, opts)
        written = value if isinstance(value, (list, tuple)) else (value,)
        if source is ParameterSource.COMMANDLINE and "" in written:
            raise click.BadParameter("it is empty: give it a value, or leave the flag out", ctx, self)
        return value, source


def option(*declarations: str, **attributes: Any) -> Decorator:
    """A click option that can also be set by an environment variable: RECONCILER_ and any of its long names."""
    names = [part.removeprefix("--") for part in declarations if part.startswith("--")]
    variables = [f"RECONCILER_{name.replace('-', '_').upper()}" for name in names]
    return click.option(*declarations, envvar=variables, show_envvar=False, cls=_Option, **attributes)


def takes(*classes: type[Any]) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Call a command with a value of each of these dataclasses instead of click's arguments: fields are filled from the
    arguments of the same names."""

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        @wraps(command)
        def run(**arguments: Any) -> int:
            return command(*(_made(one, arguments) for one in classes))

        run.__dict__["takes"] = classes
        return run

    return decorate


def _made(one: type[Any], arguments: Mapping[str, Any]) -> Any:
    return one(**{item.name: arguments[item.name] for item in fields(one) if item.name in arguments})


def as_enum(kind: type[StrEnum]) -> Callable[[click.Context, click.Parameter, str | None], StrEnum | None]:
    """A click callback that turns what was written into a member of this enum; None stays None."""
    return lambda _context, _parameter, written: None if written is None else kind(written)


def options(*groups: tuple[Decorator, ...]) -> Callable[[Command], Command]:
    """All options of several groups, in their order."""

    def decorate(command: Command) -> Command:
        for add in reversed([add for group in groups for add in group]):
            command = add(command)
        return command

    return decorate


def find_kind(written: str) -> str:
    """The kind of that name, whatever its case; ConfigurationError if there is none."""
    for kind in KINDS:
        if kind.lower() == written.lower():
            return kind
    hint = suggest(written, KINDS) or f"known: {', '.join(KINDS)}"
    raise ConfigurationError(f"{written}: no such kind; {hint}")


def complete_schema(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completions for `schema`: kinds, and the documents that have a schema."""
    from reconciler.manifests.manifest import schema_names

    return [name for name in schema_names() if name.lower().startswith(incomplete.lower())]


def complete_explained(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completions for `explain`: kinds and their fields, fields of the project file, rules, and `exit`."""
    from reconciler.manifests.manifest import load_schema
    from reconciler.report.explain import field_names
    from reconciler.report.rules import RULES

    documents = (*KINDS, "project")
    known = [*documents, "exit", *sorted(RULES)]
    if "." in incomplete:
        known = [f"{name}.{field}" for name in documents for field in field_names(load_schema(name))]
    return [name for name in known if name.lower().startswith(incomplete.lower())]


def complete_name(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completions: names of the project's manifests; none if the project cannot be read."""
    from reconciler.engine.load import load_workspace
    from reconciler.engine.options import ManifestOptions

    try:
        workspace = load_workspace(ManifestOptions(config=context.params.get("config")), surroundings())
    except ConfigurationError:
        return []
    return sorted(name for name in workspace.desired.manifests if name.startswith(incomplete))


def complete_target(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completions: targets of the project file; none if it cannot be read."""
    from reconciler.engine.load import load_project_only
    from reconciler.engine.options import ProjectOptions

    try:
        workspace = load_project_only(ProjectOptions(config=context.params.get("config")), surroundings())
    except ConfigurationError:
        return []
    return sorted(name for name in workspace.project.targets if name.startswith(incomplete))


COMMON: tuple[Decorator, ...] = (
    option("-c", "--config", type=click.Path(path_type=Path), help="The project file (default: reconciler.yaml)."),
    option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout."),
    option("--no-color", is_flag=True, help="Print no colours (also NO_COLOR)."),
    option(
        "-q",
        "--quiet",
        is_flag=True,
        callback=lambda _context, _parameter, quiet: be_quiet(quiet=quiet),
        help="Print only errors and questions on stderr.",
    ),
    option("-v", "--verbose", count=True, help="Print more on stderr; -vv logs every call."),
)

TARGET = option(
    "--target",
    "targets",
    multiple=True,
    help="Only these targets of the project (globs too).",
    shell_complete=complete_target,
)

SELECTING: tuple[Decorator, ...] = (
    option("-f", "--file", "files", multiple=True, help="Manifests to use instead of spec.manifests; - is stdin."),
    TARGET,
    option(
        "--only", multiple=True, help="Only the manifests with these names (globs too).", shell_complete=complete_name
    ),
    option(
        "--exclude",
        multiple=True,
        help="Leave out the manifests with these names (globs too).",
        shell_complete=complete_name,
    ),
    option("--select", multiple=True, help="Only manifests with these labels: team=payments."),
    option("--strict", is_flag=True, help="Treat warnings as errors, and require every secret."),
)

GUARDING: tuple[Decorator, ...] = (
    option(
        "--allow-in-use",
        multiple=True,
        metavar="NAME",
        help="Allow NAME to be deleted or replaced although it is in use.",
    ),
    option("--max-deletes", type=click.IntRange(min=0), help="Maximum number of deletes allowed."),
)

PLANNING: tuple[Decorator, ...] = (
    option(
        "--destroy",
        is_flag=True,
        help="Delete what carries our mark, as destroy does: everything, or what --only names.",
    ),
    option("--prune", is_flag=True, help="Delete what carries our mark and no manifest names."),
    option("--allow-replace", is_flag=True, help="Allow changes of kind, which delete the live object."),
    option("--allow-empty", is_flag=True, help="Allow a project with no manifests at all."),
    option(
        "--allow-duplicate", multiple=True, metavar="NAME", help="Create NAME although a live object looks like it."
    ),
    *GUARDING,
    option("--adopt", is_flag=True, help="Take over unmanaged objects of the same kind and display name."),
    option(
        "--enable",
        multiple=True,
        metavar="NAME|all",
        help="Enable this channel though it was disabled by hand.",
        shell_complete=complete_name,
    ),
    option("--rewrite-secrets", is_flag=True, help="Write write-only fields again."),
    option(
        "--base", metavar="REF", help="Tell changes since REF from drift; targets and secret sources are those of REF."
    ),
    option("--changed-since", metavar="REF", help="Only what manifests changed since REF."),
    option(
        "--test-when",
        type=click.Choice([item.value for item in When]),
        callback=as_enum(When),
        help="When channels are tested.",
    ),
)

MAX_MESSAGES = option("--max-messages", type=click.IntRange(min=0), help="Maximum number of test messages allowed.")

TESTING: tuple[Decorator, ...] = (
    option(
        "--on-test-failure",
        type=click.Choice([item.value for item in OnFailure]),
        callback=as_enum(OnFailure),
        help="What happens to a change whose test fails.",
    ),
    MAX_MESSAGES,
)


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Whether a person is asked before anything is written."""

    yes: bool = False


WRITING: tuple[Decorator, ...] = (
    option("--yes", "--auto-approve", "yes", is_flag=True, help="Do not ask."),
    option("--if-head", metavar="BRANCH", help="Refuse unless this commit is the newest one of the branch."),
    option("--journal", type=click.Path(path_type=Path, dir_okay=False), help="Record every step in this file."),
)

CONNECTING: tuple[Decorator, ...] = (
    option("--parallelism", type=click.IntRange(1, 100), help="How many calls to each target may run at once."),
    option("--timeout", type=click.FloatRange(min=0.1), help="How many seconds a single call may take."),
)


@dataclass(frozen=True, kw_only=True)
class TimeLimit:
    """How long a verb that only reads may take, in seconds."""

    time_limit: float


def time_limit(default: float) -> Decorator:
    """The flag of TimeLimit, with this default in seconds."""
    return option(
        "--time-limit",
        type=click.FloatRange(min=0.1),
        default=default,
        show_default=True,
        help="Seconds after which the run ends with an error.",
    )


UNKNOWN = 100
"""The number of targets to pass to `run_async` when the project has not been read yet."""

_FEW_TARGETS = 4
_MOST_THREADS = 128


def surroundings() -> Surroundings:
    """What a run needs of this process: environment, working directory, stdin."""
    from reconciler.engine.options import Surroundings  # not at the top: `version` does not need it

    return Surroundings(os.environ, Path.cwd(), sys.stdin.buffer if sys.stdin is not None else None)


def prepared(options: ProjectOptions) -> Run:
    """The run that the options ask for, with its notes printed; raises what `engine.run.prepare` raises."""
    from reconciler.engine.run import prepare  # not at the top: `validate` does not need it

    run = prepare(options, surroundings())
    for text in run.notes:
        note(text)
    return run


def run_async(call: Coroutine[Any, Any, T], targets: int) -> T:
    """Run `call` in a new event loop and return its result; `targets` is how many targets it works on.

    Host names are looked up in the loop's threads, of which there are six on two cores. For many targets there are
    more, so that lookups that hang do not delay the others.
    """

    async def with_threads() -> T:
        if targets > _FEW_TARGETS:
            import asyncio
            from concurrent.futures import ThreadPoolExecutor

            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_MOST_THREADS))
        return await call

    return run_loop(with_threads())
