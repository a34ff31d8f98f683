"""Writes a manifest as YAML, with a comment next to each secret that says what to put there. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from reconciler.model.dataclass import dataclass
from reconciler.model.text import printable

_KEPT = re.compile(r"^(?P<indent> *)(?P<key>[^#]*): \{live: true\}$")


@dataclass(frozen=True, slots=True)
class ManifestDocument:
    """One manifest, and its live objects by target and id (`search-prod abc123`)."""

    name: str
    kind: str
    document: Mapping[str, Any]
    origins: tuple[str, ...]


class _Dumper(yaml.SafeDumper):
    """Block style, but one line for each text, small reference and the metadata; never aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # In quotes, since a line of a text could otherwise look like a key of the manifest.
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_mapping(dumper: yaml.SafeDumper, mapping: Mapping[str, Any]) -> yaml.Node:
    flow = len(mapping) == 1 and set(mapping) <= {"live", "name", "role", "user"}
    return dumper.represent_mapping("tag:yaml.org,2002:map", mapping.items(), flow_style=flow)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(dict, _represent_mapping)


def render_yaml(document: Mapping[str, Any]) -> str:
    """A document as YAML, with keys in their order and every text on one line."""
    return yaml.dump(
        dict(document), Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=10**9
    )


def render_manifest(manifest: ManifestDocument) -> str:
    """The whole file of one manifest, headed by a comment that says where it was exported from."""
    origin = f"# Exported from {', '.join(printable(origin) for origin in manifest.origins)}.\n"
    lines = (_commented(line, manifest.name) for line in render_yaml(manifest.document).splitlines())
    return origin + "\n".join(lines) + "\n"


def _commented(line: str, name: str) -> str:
    found = _KEPT.match(line)
    if found is None:
        return line
    variable = re.sub(r"[^A-Z0-9]+", "_", f"{name}_{found['key'].strip()}".upper()).strip("_")
    return f"{line} # kept as it is live; to manage it, write a reference such as {{env: {variable}}}"
