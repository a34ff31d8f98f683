"""Names on the command line: kinds, found in any case, and what a shell may complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import ConfigurationError
from reconciler.manifests.words import suggest
from reconciler.resources import KINDS

if TYPE_CHECKING:
    import click

__all__ = ["complete_kind", "complete_name", "complete_target", "find_kind"]


def find_kind(written: str) -> str:
    """The kind of that name, in whatever case it was written."""
    for kind in KINDS:
        if kind.lower() == written.lower():
            return kind
    hint = suggest(written, KINDS) or f"there are: {', '.join(KINDS)}"
    raise ConfigurationError(f"{written}: there is no such kind; {hint}")


def complete_kind(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Kinds, and after a dot their fields."""
    kind, dot, _ = incomplete.partition(".")
    if not dot or kind not in KINDS:
        return [name for name in KINDS if name.lower().startswith(incomplete.lower())]
    return [name for field in KINDS[kind].fields if (name := f"{kind}.{field.name}").startswith(incomplete)]


def complete_name(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of the project's manifests; none where the project cannot be read."""
    from reconciler.cli.workspace import Selection, load_workspace

    try:
        workspace = load_workspace(context.params.get("config"), Selection())
    except ConfigurationError:
        return []
    return sorted(name for name in workspace.desired.manifests if name.startswith(incomplete))


def complete_target(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Targets of the project file."""
    from reconciler.cli.workspace import Selection, load_project_only

    try:
        workspace = load_project_only(context.params.get("config"), Selection())
    except ConfigurationError:
        return []
    return sorted(name for name in workspace.project.targets if name.startswith(incomplete))
