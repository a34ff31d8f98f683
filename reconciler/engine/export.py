"""From what was read to an export's files: manifests in a folder, or a snapshot. It never overwrites unasked."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reconciler import __version__
from reconciler.engine.load import Workspace
from reconciler.engine.plan import now
from reconciler.engine.read import Live, ReadOptions, close, read_targets
from reconciler.export.documents import Exported
from reconciler.export.objects import LiveTarget
from reconciler.export.snapshot import snapshot_document
from reconciler.export.texts import render_manifest
from reconciler.model.errors import ConfigurationError


def read_everything(workspace: Workspace, flags: dict[str, Any]) -> list[Live]:
    """Everything that is live on the chosen targets, the connections closed again."""
    return asyncio.run(_read(workspace, ReadOptions(parallelism=flags["parallelism"], timeout=flags["timeout"])))


async def _read(workspace: Workspace, options: ReadOptions) -> list[Live]:
    lives = await read_targets(workspace, options, only_owned=True)
    await close(lives)
    return lives


def live_target(live: Live) -> LiveTarget:
    """A target as it was read, in the export's words."""
    server = live.plan.server
    version = f" ({server.product} {server.version})" if server and server.version else ""
    aliases = {item.id: item.live.alias for item in live.matching.found if item.live.alias}
    return LiveTarget(live.plan.target, f"{live.plan.target}{version}", live.ownership, live.matching.found, aliases)


def write_manifests(exported: Exported, folder: Path, *, overwrite: bool) -> list[Path]:
    """One file for each object. Unless told to overwrite, a file that is there and differs stops all of it."""
    texts = {folder / f"{manifest.name}.yaml": render_manifest(manifest) for manifest in exported.manifests}
    if not overwrite:
        _refuse_overwriting(texts.items())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigurationError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None
    return list(texts)


def _refuse_overwriting(texts: Iterable[tuple[Path, str]]) -> None:
    there = [path for path, text in texts if path.exists() and path.read_text("utf-8", errors="replace") != text]
    if there:
        names = ", ".join(str(path) for path in there[:5]) + (f" and {len(there) - 5} more" if len(there) > 5 else "")
        raise ConfigurationError(
            f"{len(there)} files are there already, with other content: {names}; nothing was written: "
            "choose another --dir, or pass --overwrite"
        )


def take_snapshot(workspace: Workspace, lives: list[Live], path: Path) -> int:
    """Write the snapshot of all targets; how many objects it holds. A target that could not be read spoils it."""
    errors = [f"{live.plan.target}: {live.plan.error}" for live in lives if live.plan.error]
    if errors:
        raise ConfigurationError(f"no snapshot was written, since a target could not be read: {'; '.join(errors)}")
    targets = [(live_target(live), live.plan.provider, live.plan.server) for live in lives]
    document = snapshot_document(
        workspace.project.owner,
        now(os.environ),
        [(place, provider, server) for place, provider, server in targets if server is not None],
        __version__,
    )
    try:
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from None
    return sum(len(target["objects"]) for target in document["targets"])
