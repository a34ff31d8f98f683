"""Query parameters as the REST layer treats them: read, checked for strangers, and the ones every call may have.

Sources: `RestUtils`, `BaseRestHandler.unrecognized` and `AbstractRestChannel` of the server.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote_plus

from reconciler.simulator.opensearch.errors import illegal_argument

__all__ = ["check_parameters", "read_parameters", "shape_body", "shape_error"]

_COMMON = frozenset(("pretty", "human", "error_trace", "filter_path", "format"))
_NEAR = 0.5


def read_parameters(query: str) -> dict[str, str]:
    """Names and values; of a name given twice, the last value."""
    found: dict[str, str] = {}
    for part in query.replace(";", "&").split("&") if query else ():
        name, _, value = part.partition("=")
        if part:
            found[unquote_plus(name)] = unquote_plus(value)
    return found


def check_parameters(path: str, given: Collection[str], known: Collection[str], consumed: Collection[str]) -> None:
    """Refuse parameters that the handler does not know, with suggestions from those it reads.

    `known` may be given; `consumed` are those which the handler asked for in this call.
    """
    strangers = sorted(set(given) - set(known) - _COMMON)
    if not strangers:
        return
    candidates = set(consumed) | _COMMON
    details = ", ".join(f"[{name}]{_suggest(name, candidates)}" for name in strangers)
    plural = "s" if len(strangers) > 1 else ""
    raise illegal_argument(f"request [{path}] contains unrecognized parameter{plural}: {details}")


def _suggest(name: str, candidates: Collection[str]) -> str:
    scored = [(_likeness(name, candidate), candidate) for candidate in candidates]
    near = [candidate for score, candidate in sorted(scored, key=lambda pair: (-pair[0], pair[1])) if score > _NEAR]
    if not near:
        return ""
    return f" -> did you mean [{near[0]}]?" if len(near) == 1 else f" -> did you mean any of [{', '.join(near)}]?"


def _likeness(left: str, right: str) -> float:
    """Lucene's LevenshteinDistance: 1 for equal words, 0 for nothing in common."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, row = row, [i]
        for j, b in enumerate(right, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b)))
    return 1.0 - row[-1] / max(len(left), len(right), 1)


# -- the body's shape


def shape_body(text: str, parameters: Mapping[str, str]) -> str:
    """Apply `filter_path` and `pretty` to a JSON body."""
    wanted = parameters.get("filter_path")
    pretty = parameters.get("pretty") in ("", "true")
    if not wanted and not pretty:
        return text
    content = json.loads(text)
    if wanted:
        content = _filter_content(content, [path for path in wanted.split(",") if path])
    if pretty:
        return json.dumps(content, ensure_ascii=False, indent=2, separators=(",", " : ")) + "\n"
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def shape_error(text: str, parameters: Mapping[str, str]) -> str:
    """The same of an error's body, from which `filter_path` takes nothing (`RestChannel.newErrorBuilder`)."""
    return shape_body(text, {name: value for name, value in parameters.items() if name == "pretty"})


def _filter_content(content: Any, paths: list[str]) -> Any:
    includes = [path.split(".") for path in paths if not path.startswith("-")]
    excludes = [path[1:].split(".") for path in paths if path.startswith("-")]
    kept = _include(content, includes) if includes else content
    return _exclude(kept, excludes) or {}


def _steps(patterns: list[list[str]], name: str) -> tuple[bool, list[list[str]]]:
    """Whether a pattern ends at this member, and what the others want below it."""
    rest: list[list[str]] = []
    for first, *later in patterns:
        if first == "**":
            rest.append([first, *later])
            if later and fnmatchcase(name, later[0]):
                rest.append(later[1:])
        elif fnmatchcase(name, first):
            rest.append(later)
    return any(not pattern for pattern in rest), [pattern for pattern in rest if pattern]


def _include(content: Any, patterns: list[list[str]]) -> Any:
    if isinstance(content, list):
        items = [_include(item, patterns) for item in content]
        return [item for item in items if item not in (None, {}, [])] or None
    if not isinstance(content, dict):
        return None
    found = {}
    for name, value in content.items():
        whole, below = _steps(patterns, name)
        kept = value if whole else _include(value, below) if below else None
        if kept is not None:
            found[name] = kept
    return found or None


def _exclude(content: Any, patterns: list[list[str]]) -> Any:
    if not patterns:
        return content
    if isinstance(content, list):
        return [_exclude(item, patterns) for item in content]
    if not isinstance(content, dict):
        return content
    found = {}
    for name, value in content.items():
        whole, below = _steps(patterns, name)
        if not whole:
            found[name] = _exclude(value, below)
    return found
