"""`reconciler schema KIND`: the JSON Schema of a manifest, for editors and other tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from reconciler.cli.options import complete_schema, find_kind, option
from reconciler.cli.terminal import show_json
from reconciler.manifests.manifest import load_schema, schema_names
from reconciler.model.errors import ConfigurationError, UsageError


@click.command("schema")
@click.argument("kind", shell_complete=complete_schema)
@option(
    "--types",
    type=click.Path(path_type=Path),
    help="What `reconciler list --types --json` printed: an editor then completes a Subscription's notification_type.",
)
def command(kind: str, types: Path | None) -> int:
    """Print the JSON Schema of KIND, of any manifest (`manifest`), or of the project file (`project`), with the
    providers that are installed.

    Also of what the tool itself writes: doctor, drift, export, failure, journal, list, plan, problems, result,
    snapshot, tests, users, version.
    """
    name = kind.lower() if kind.lower() in schema_names() else find_kind(kind)
    schema = _with_packages(load_schema(name)) if name == "project" else load_schema(name)
    show_json(schema if types is None else _with_types(schema, name, _read_names(types)))
    return 0


def _with_packages(project: dict[str, Any]) -> dict[str, Any]:
    """The schema of project files with what targets of providers from other packages take, too."""
    from reconciler.providers import BUILT_IN, provider_names, settings_of

    brought = [name for name in provider_names() if name not in BUILT_IN]
    if not brought:
        return project
    from reconciler.model.schemas import with_providers

    return with_providers(project, {name: settings_of(name) for name in brought})


def _with_types(schema: dict[str, Any], name: str, names: list[str]) -> dict[str, Any]:
    """The schema with these names as examples: editors offer them, and other names stay valid."""
    spec = schema.get("properties", {}).get("spec", {}).get("properties", {})
    if "notification_type" not in spec:
        raise UsageError(f"--types: {name} has no notification_type; it is for Subscription")
    spec["notification_type"]["examples"] = names
    return schema


def _read_names(path: Path) -> list[str]:
    try:
        document = json.loads(path.read_text("utf-8"))
        names = {str(one["name"] or one["id"]) for one in document["types"] if one["in_plan"]}
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, LookupError, TypeError):
        raise ConfigurationError(f"{path}: is not what `reconciler list --types --json` prints") from None
    return sorted(names)
