"""What the cluster's definitions of our kinds lack of what this operator knows. Pure.

A definition older than the operator lacks fields, and the API server drops them, from what people apply and from the
statuses that are written, without a word here. So what the server publishes of each definition is compared with this
version's: a version written on it could be wrong. A newer definition keeps all that is known here, so nothing is said
of it; a field that it alone has is refused on the resource that uses it, as any unknown one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.operator.crds import GROUP, VERSION

DEFINITIONS_PATH = f"/openapi/v3/apis/{GROUP}/{VERSION}"
"""Where the API server publishes them. Every account may read it, by the ClusterRole `system:discovery`."""

APPLY_DEFINITIONS = "apply what `reconciler operator manifests --crds-only` prints"
_MOST_FIELDS = 5
_KEEPS_ALL = "x-kubernetes-preserve-unknown-fields"


@dataclass(frozen=True, slots=True)
class Published:
    """What the last look at the definitions found: by kind, which fields its definition lacks. What is not there is
    unknown, and `why` says why."""

    lacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    why: str = "they were not read yet"

    def unknown(self, kinds: Collection[str]) -> str:
        """Of which of these kinds nothing is known, and why; "" for none."""
        unread = [kind for kind in kinds if kind not in self.lacks]
        if not unread:
            return ""
        return f"it is unknown whether the definitions of {', '.join(unread)} are older than this operator: {self.why}"

    @property
    def outdated(self) -> str:
        """What is wrong where definitions are older than this operator, and what to do; "" where none is."""
        fields = [f"{kind} {path}" for kind, paths in self.lacks.items() for path in paths]
        if not fields:
            return ""
        more = f" and {len(fields) - _MOST_FIELDS} more" if len(fields) > _MOST_FIELDS else ""
        again = ", then apply the manifests again" if any(" spec" in name for name in fields) else ""
        return (
            "definitions in the cluster are older than this operator, and the API server drops what they lack "
            f"({', '.join(fields[:_MOST_FIELDS])}{more}): have its administrator {APPLY_DEFINITIONS}{again}"
        )


def lacking_fields(document: Mapping[str, Any], crds: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """By kind, the fields of these definitions that the published ones lack; kinds that are not published are left
    out. `document` is the OpenAPI v3 document that an API server makes of its definitions."""
    published = dict(_by_kind(_mapping(_mapping(document.get("components")).get("schemas"))))
    return {
        kind: tuple(path for part in ("spec", "status") for path in _lacking(known[part], served.get(part), part))
        for kind, known in _fields_by_kind(crds).items()
        if (served := published.get(kind)) is not None
    }


def _fields_by_kind(crds: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {
        crd["spec"]["names"]["kind"]: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
        for crd in crds
    }


def _by_kind(schemas: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for schema in map(_mapping, schemas.values()):
        names = schema.get("x-kubernetes-group-version-kind")
        for name in map(_mapping, names if isinstance(names, list) else ()):
            if (name.get("group"), name.get("version")) == (GROUP, VERSION):
                yield str(name.get("kind")), _mapping(schema.get("properties"))


def _lacking(known: Mapping[str, Any], published: object, path: str) -> Iterator[str]:
    """The paths of what a server with the published schema drops of what is known: fields, entries of mappings, and a
    null where it takes none."""
    served = _mapping(published)
    if not served:
        yield path
        return
    if known.get("nullable") and "type" in served and not served.get("nullable"):
        yield f"{path}: null"
    if known.get(_KEEPS_ALL) and not served.get(_KEEPS_ALL):
        yield path
    fields, rest = _mapping(served.get("properties")), served.get("additionalProperties")
    for name, below in _mapping(known.get("properties")).items():
        if name in fields:
            yield from _lacking(below, fields[name], f"{path}.{name}")
        elif not served.get(_KEEPS_ALL) and rest is not True:
            yield from _lacking(below, rest, f"{path}.{name}")
    for word, sign in (("additionalProperties", ".*"), ("items", "[]")):
        if word in known and not served.get(_KEEPS_ALL) and served.get(word) is not True:
            yield from _lacking(known[word], served.get(word), path + sign)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
