"""`reconciler init`: the files of a new project. It asks on a terminal, takes flags elsewhere, overwrites nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from reconciler.cli.options import option
from reconciler.cli.scaffold import NewProject, project_files
from reconciler.cli.terminal import note, out
from reconciler.export.documents import safe_name
from reconciler.manifests.load_project import load_project_text
from reconciler.model.errors import ConfigurationError
from reconciler.model.fields import OWNER_WORDS, is_name
from reconciler.providers import BUILT_IN, settings_of

_PROVIDERS = tuple(BUILT_IN)
_VARIABLES = " or ".join(one.settings.url_variable for one in BUILT_IN.values() if one.settings.url_variable)
_CI = ("github", "gitlab", "none")
_LONGEST_OWNER = 40


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
@option("--name", help="The project's name, which goes into its marks (default: the folder's).")
@option("--provider", type=click.Choice(_PROVIDERS), help=f"The first target's provider (default: {_PROVIDERS[0]}).")
@option("--url", help=f"Its address; without it {_VARIABLES} is used.")
@option("--ci", type=click.Choice(_CI), help="Write a workflow for this CI (default: none).")
@option("--branch", default="main", show_default=True, help="The branch that CI applies.")
def command(folder: Path, **flags: Any) -> int:
    """Write a project file, one example manifest and, if wanted, a CI workflow into FOLDER."""
    default_name = safe_name(folder.resolve().name, "channels")[:_LONGEST_OWNER].rstrip("-")
    answers = _asked(flags, default_name) if _can_ask() else flags
    name = answers["name"] or default_name
    if not is_name(name) or len(name) > _LONGEST_OWNER:
        raise click.UsageError(f"--name {OWNER_WORDS}")
    project = NewProject(
        name=name,
        provider=answers["provider"] or _PROVIDERS[0],
        url=answers["url"] or "",
        ci=answers["ci"] or "none",
        branch=answers["branch"],
    )
    texts = project_files(project)
    load_project_text(texts["reconciler.yaml"], "reconciler.yaml", settings_of)  # an address may be none
    files = {folder / path: text for path, text in texts.items()}
    _write(files)
    for path in files:
        out(f"wrote {path}")
    _say_next(folder, project)
    return 0


def _can_ask() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


def _asked(flags: dict[str, Any], default_name: str) -> dict[str, Any]:
    """The flags, with what was not given asked for."""
    answers = dict(flags)
    answers["name"] = flags["name"] or click.prompt("Name of the project", default=default_name, err=True)
    answers["provider"] = flags["provider"] or click.prompt(
        "Kind of system", type=click.Choice(_PROVIDERS), default=_PROVIDERS[0], err=True
    )
    variable = settings_of(answers["provider"]).url_variable
    if variable and flags["url"] is None:
        question = f"Address (empty: the environment variable {variable})"
        answers["url"] = click.prompt(question, default="", show_default=False, err=True)
    answers["ci"] = flags["ci"] or click.prompt("Workflow for", type=click.Choice(_CI), default="none", err=True)
    return answers


def _write(files: dict[Path, str]) -> None:
    there = [str(path) for path in files if path.exists()]
    if there:
        raise ConfigurationError(f"{', '.join(there)}: there already; nothing was written, and nothing is overwritten")
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigurationError(f"{error.filename}: cannot be written: {error.strerror}") from None


def _say_next(folder: Path, project: NewProject) -> None:
    note("")
    if folder.resolve() != Path.cwd():
        note(f"  cd {folder}")
    note("  export EXAMPLE_SLACK_URL=https://hooks.slack.com/services/...   # the channel's secret")
    if (variable := settings_of(project.provider).url_variable) and not project.url:
        note(f"  export {variable}=https://...   # or try it first on `reconciler simulate`: http://127.0.0.1:9299")
    note("  reconciler validate && reconciler doctor && reconciler plan")
    if project.ci == "github":
        note("In .github/workflows/channels.yaml, put your copy of reconciler where it says OWNER/reconciler@REF.")
    elif project.ci == "gitlab":
        note("In .gitlab-ci.yml, put your copy of reconciler where it says OWNER/reconciler.")
