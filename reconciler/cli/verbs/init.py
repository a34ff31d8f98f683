"""`reconciler init`: the files of a new project. It asks on a terminal, takes flags elsewhere, overwrites nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from reconciler.cli.options import option, takes
from reconciler.cli.scaffold import NewProject, project_files
from reconciler.cli.terminal import can_ask, note, out
from reconciler.export.documents import safe_name
from reconciler.manifests.load_project import load_project_text
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError
from reconciler.model.fields import OWNER_WORDS, is_name
from reconciler.providers import BUILT_IN, settings_of

_PROVIDERS = tuple(BUILT_IN)
_VARIABLES = " or ".join(one.settings.url_variable for one in BUILT_IN.values() if one.settings.url_variable)
_CI = ("github", "gitlab", "none")
_LONGEST_OWNER = 40


@dataclass(frozen=True, kw_only=True)
class InitOptions:
    """Where the files go, and what is written into them. None: not given, so it is asked for, or takes its default."""

    folder: Path
    name: str | None
    provider: str | None
    url: str | None
    ci: str | None
    branch: str


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
@option("--name", help="The project's name, which goes into its marks (default: the folder's).")
@option("--provider", type=click.Choice(_PROVIDERS), help=f"The first target's provider (default: {_PROVIDERS[0]}).")
@option("--url", help=f"Its address; without it {_VARIABLES} is used.")
@option("--ci", type=click.Choice(_CI), help="Write a workflow for this CI (default: none).")
@option("--branch", default="main", show_default=True, help="The branch that CI applies.")
@takes(InitOptions)
def command(options: InitOptions) -> int:
    """Write a project file, one example manifest and, if wanted, a CI workflow into FOLDER."""
    default_name = safe_name(options.folder.resolve().name, "channels")[:_LONGEST_OWNER].rstrip("-")
    options = _asked(options, default_name) if can_ask() else options
    name = options.name or default_name
    if not is_name(name) or len(name) > _LONGEST_OWNER:
        raise click.UsageError(f"--name {OWNER_WORDS}")
    project = NewProject(
        name=name,
        provider=options.provider or _PROVIDERS[0],
        url=options.url or "",
        ci=options.ci or "none",
        branch=options.branch,
    )
    texts = project_files(project)
    load_project_text(texts["reconciler.yaml"], "reconciler.yaml", settings_of)  # an address may be none
    files = {options.folder / path: text for path, text in texts.items()}
    _write(files)
    for path in files:
        out(f"wrote {path}")
    _say_next(options.folder, project)
    return 0


def _asked(options: InitOptions, default_name: str) -> InitOptions:
    """The options, completed by asking for what was not given."""
    name = options.name or click.prompt("Name of the project", default=default_name, err=True)
    provider = options.provider or click.prompt(
        "Kind of system", type=click.Choice(_PROVIDERS), default=_PROVIDERS[0], err=True
    )
    url, variable = options.url, settings_of(provider).url_variable
    if variable and url is None:
        question = f"Address (empty: the environment variable {variable})"
        url = click.prompt(question, default="", show_default=False, err=True)
    ci = options.ci or click.prompt("Workflow for", type=click.Choice(_CI), default="none", err=True)
    return replace(options, name=name, provider=provider, url=url, ci=ci)


def _write(files: dict[Path, str]) -> None:
    there = [str(path) for path in files if path.exists()]
    if there:
        raise ConfigurationError(
            f"{', '.join(there)}: already there; nothing was written, since init overwrites no file"
        )
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
