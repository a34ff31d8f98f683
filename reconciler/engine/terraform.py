"""An export of what a state of Terraform or OpenTofu manages: the state's file, and what of it is live where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import BinaryIO

from reconciler.engine.live import ReadTarget
from reconciler.engine.load import Workspace
from reconciler.export.terraform import State, StateObject, read_state, removal_of
from reconciler.manifests.files import STDIN
from reconciler.model.errors import ConfigurationError
from reconciler.model.text import plural, printable
from reconciler.providers import provided

_MOST = 100 * 2**20  # bytes


def read_terraform(workspace: Workspace, name: str) -> State:
    """The state in a file, or on stdin (`-`). ConfigurationError if it cannot be read, or is none."""
    providers = {target.provider for target in workspace.project.targets.values()}
    types = {kind: row for provider in sorted(providers) for kind, row in provided(provider).settings.terraform.items()}
    label, here = STDIN if name == "-" else name, workspace.here
    try:
        if name != "-" and (here.folder / name).is_fifo():  # which nobody may ever write to
            raise ConfigurationError(f"{label}: is not a regular file; give - for what another program prints")
        with ExitStack() as opened:
            source: BinaryIO | None = here.stdin
            if name != "-":
                source = opened.enter_context((here.folder / name).open("rb"))
            data = source.read(_MOST + 1) if source is not None else b""
    except OSError as error:
        raise ConfigurationError(f"{label}: cannot be read: {error.strerror}") from None
    if len(data) > _MOST:
        raise ConfigurationError(f"{label}: is larger than 100 MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{label}: is not UTF-8 text") from None
    return read_state(text, types, label)


def names_of(state: State | None, targets: Iterable[ReadTarget]) -> Mapping[tuple[str, str], str] | None:
    """The names of a state's objects by target and live id; a state does not say which system they are on."""
    if state is None:
        return None
    return {(target.target, item.id): item.name for target in targets for item in state.objects if _is_of(item, target)}


def _is_of(item: StateObject, target: ReadTarget) -> bool:
    return item.type in provided(target.abilities.provider).settings.terraform


def state_notes(state: State, targets: Iterable[ReadTarget]) -> Iterator[str]:
    """Notes on objects of a state that were not exported, and on how to make Terraform forget the others."""
    live = {found.id: found.live.read_only for target in targets for found in target.matching.found}
    yield from state.notes
    for item in state.objects:
        if item.id not in live:
            yield f"{printable(item.address)} is left out: nothing that is live has its id {printable(item.id)}"
        elif live[item.id]:
            yield f"{printable(item.address)} is left out: it belongs to the platform"
    if state.others:
        yield f"{plural(state.others, 'other resource')} of the state: they are not about notification channels"
    moving = [item for item in state.objects if live.get(item.id) is False]
    if moving:
        yield (
            "next: check that plan shows only adoptions; make Terraform forget them with `terraform state rm "
            f"{printable(removal_of(moving))}` and by removing them from its configuration; then apply"
        )
