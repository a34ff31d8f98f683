"""Custom resources as values, what the operator's own settings in them mean, and the texts that the engine takes.

Pure: how they are read from a cluster is `reading`'s, what their author may not ask for is `permissions`'.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from reconciler.manifests.load import Text
from reconciler.model.dataclass import dataclass
from reconciler.model.kinds import API_VERSION, KINDS
from reconciler.model.operator_settings import LONGEST_DELETION_TIMEOUT, SHORTEST_TEST_EVERY
from reconciler.model.text import printable
from reconciler.model.values import SecretText
from reconciler.operator.crds import GROUP, PROJECT, plural_of

FINALIZER = f"{GROUP}/finalizer"
REQUESTED_AT = f"{GROUP}/requested-at"
TEST_REQUESTED_AT = f"{GROUP}/test-requested-at"
ALLOW = f"{GROUP}/allow"
SPEC_CONSENTS = frozenset({"replace", "duplicate"})
CONSENTS = SPEC_CONSENTS | {"in-use", "enable"}
"""What a channel's annotation may allow; the first two are consents that a manifest, too, may hold."""

PROJECT_CONSENTS = ("max-deletes", "max-messages")
"""What a Project's annotation may allow, each with a number."""

SECRET_LABEL = f"{GROUP}/use"
"""The label, `true`, of a Secret that custom resources of its namespace may refer to."""

SHARD_LABEL = f"sharding.{GROUP}/key"
"""The label of a Project whose value names the shard that it belongs to; without it the main operator's."""


@dataclass(frozen=True, slots=True)
class CustomResource:
    """One object of ours as the API server gave it. `created` and `deleting` are times in its form; `deleting` is ""
    while nobody asked for the deletion."""

    kind: str
    namespace: str
    name: str
    uid: str = ""
    generation: int = 1
    version: str = ""
    created: str = ""
    deleting: str = ""
    finalizers: tuple[str, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict, repr=False)
    status: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, kind: str, document: Mapping[str, Any]) -> CustomResource:
        """The resource of a document of the API; the kind is the list's, whose items may lack it."""
        metadata = document.get("metadata") or {}
        return cls(
            kind=kind,
            namespace=metadata.get("namespace", ""),
            name=metadata.get("name", ""),
            uid=metadata.get("uid", ""),
            generation=metadata.get("generation", 1),
            version=metadata.get("resourceVersion", ""),
            created=metadata.get("creationTimestamp", ""),
            deleting=metadata.get("deletionTimestamp") or "",
            finalizers=tuple(metadata.get("finalizers") or ()),
            annotations=metadata.get("annotations") or {},
            labels=metadata.get("labels") or {},
            spec=document.get("spec") or {},
            status=document.get("status") or {},
        )

    @property
    def label(self) -> str:
        """What stands for its file in problems."""
        return f"{self.kind}/{self.name}"

    @property
    def requested_at(self) -> str:
        """The wish to do it now, whatever it says; a new one counts."""
        return _short(self.annotations.get(REQUESTED_AT, ""))

    @property
    def test_requested_at(self) -> str:
        """The wish for a test message now; a new one counts."""
        return _short(self.annotations.get(TEST_REQUESTED_AT, ""))

    @property
    def allows(self) -> frozenset[str]:
        """The consents of its annotation: `replace, in-use`."""
        return frozenset(filter(None, re.split(r"[\s,]+", self.annotations.get(ALLOW, ""))))

    @property
    def allowed_numbers(self) -> dict[str, int]:
        """The consents of a Project's annotation that are numbers: `max-deletes=20`."""
        return {name: int(number) for name, number in (item.split("=") for item in self.allows if _NUMBER.match(item))}

    @property
    def unknown_consents(self) -> list[str]:
        """What its annotation holds that allows nothing: a word that is none, or one of the other's, sorted."""
        if self.kind == PROJECT:
            return sorted(printable(item) for item in self.allows if not _NUMBER.match(item))
        return sorted(map(printable, self.allows - CONSENTS))

    @property
    def has_finalizer(self) -> bool:
        """Whether a deletion waits for us."""
        return FINALIZER in self.finalizers

    def __str__(self) -> str:
        return f'{self.kind} "{self.name}"'


def _short(wish: str) -> str:
    """A wish as statuses keep it, several times: whole, but for one of up to 256 KiB, as an annotation may be, which
    would make a status that the API server cannot store."""
    if len(wish) <= _LONGEST_WISH:
        return wish
    return f"{wish[:_LONGEST_WISH]}... sha256:{hashlib.sha256(wish.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class KubernetesSecret:
    """A labelled Secret: its version and its values by key."""

    version: str
    values: Mapping[str, SecretText] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All of one namespace, read at one time. `terminating`: the namespace itself is being deleted. `lacking` are the
    kinds of which the cluster has no definition."""

    namespace: str
    projects: tuple[CustomResource, ...] = ()
    resources: tuple[CustomResource, ...] = ()
    secrets: Mapping[str, KubernetesSecret] = field(default_factory=dict)
    terminating: bool = False
    lacking: tuple[str, ...] = ()

    @property
    def project(self) -> CustomResource | None:
        """The project that counts: the oldest of those that are there."""
        return oldest(self.projects)


def oldest(projects: Iterable[CustomResource]) -> CustomResource | None:
    """The one that was there first; those of one second by their uid, so that all operators agree."""
    return min(projects, key=lambda project: (project.created, project.uid), default=None)


DEFAULT_TEST_EVERY = 86_400.0
"""Seconds after which `when: always` tests again, and what failed its test is tried again, where nothing is said."""

DEFAULT_INTERVAL, DEFAULT_DELETION_TIMEOUT = 600.0, 3600.0
_SHORTEST_INTERVAL = 10.0
_LONGEST_WISH = 200  # characters
_NUMBER = re.compile(rf"^({'|'.join(PROJECT_CONSENTS)})=[0-9]{{1,6}}$")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`spec.operator`, with defaults; times are seconds. `test_every` None: never by itself."""

    deletes: bool = False
    suspend: bool = False
    test_every: float | None = None
    interval: float = DEFAULT_INTERVAL
    deletion_timeout: float = DEFAULT_DELETION_TIMEOUT


def seconds(written: object) -> float | None:
    """The seconds of a duration as `90s`, `10m`, `24h`, `7d`; None for anything else."""
    found = re.fullmatch(r"([0-9]{1,9})([smhd])", written) if isinstance(written, str) else None
    return float(int(found[1]) * _UNITS[found[2]]) if found else None


def behaviour_of(resource: CustomResource, project: CustomResource | None) -> Behaviour:
    """How the operator is to treat a resource: what it says itself, else what its project says, within the bounds that
    the definitions have; older definitions have none."""
    own, general = _operator(resource), _operator(project)
    merged = {**general, **own}
    every = seconds(merged.get("test_every"))
    if every is None and _is_always_tested(resource, project):
        every = DEFAULT_TEST_EVERY
    interval, timeout = seconds(merged.get("interval")), seconds(merged.get("deletion_timeout"))
    return Behaviour(
        deletes=merged.get("deletion_policy") == "delete",
        suspend=bool(own.get("suspend")) or bool(general.get("suspend")),
        test_every=None if every is None else max(SHORTEST_TEST_EVERY, every),
        interval=DEFAULT_INTERVAL if interval is None else max(_SHORTEST_INTERVAL, interval),
        deletion_timeout=DEFAULT_DELETION_TIMEOUT if timeout is None else min(timeout, LONGEST_DELETION_TIMEOUT),
    )


def _operator(resource: CustomResource | None) -> Mapping[str, Any]:
    return _map(resource.spec.get("operator")) if resource is not None else {}


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_always_tested(resource: CustomResource, project: CustomResource | None) -> bool:
    general = project.spec if project is not None else {}
    policies = (
        resource.spec.get("test"),
        _map(_map(general.get("defaults")).get(resource.kind)).get("test"),
        general.get("test"),
    )
    when = next((_map(policy)["when"] for policy in policies if "when" in _map(policy)), "")
    overrides = _map(resource.spec.get("overrides")).values()
    return when == "always" or any(_map(_map(item).get("test")).get("when") == "always" for item in overrides)


def text_of(resource: CustomResource) -> Text:
    """A resource as the engine reads a manifest, without what is the operator's alone.

    `when: always` is `change` there: a continuous reconcile would else send a message at each look; how often such a
    channel is tested is `test_every`'s. The consents of its annotation become `spec.allow`.
    """
    spec = {name: value for name, value in resource.spec.items() if name != "operator"}
    if resource.kind != PROJECT:
        spec["overrides"] = {name: _tested_on_change(_map(item)) for name, item in _map(spec.get("overrides")).items()}
        consents = sorted({*spec.get("allow", ()), *(resource.allows & SPEC_CONSENTS)})
        spec |= {"allow": consents} if consents else {}
        spec = {name: value for name, value in spec.items() if name != "overrides" or value}
    else:
        defaults = _map(spec.get("defaults"))
        spec |= {"defaults": {kind: _tested_on_change(_map(item)) for kind, item in defaults.items()}}
        spec = {name: value for name, value in spec.items() if name != "defaults" or value}
        if isinstance(secrets := spec.get("secrets"), Mapping):  # its folder is where the command line looks
            spec["secrets"] = {name: value for name, value in secrets.items() if name != "dir"}
    document = {
        "apiVersion": API_VERSION,
        "kind": resource.kind,
        "metadata": {"name": resource.name, **({"labels": dict(resource.labels)} if resource.labels else {})},
        "spec": _tested_on_change(spec),
    }
    return Text(resource.label, json.dumps(document))


def _tested_on_change(spec: Mapping[str, Any]) -> dict[str, Any]:
    test = spec.get("test")
    if not isinstance(test, Mapping) or test.get("when") != "always":
        return dict(spec)
    return {**spec, "test": {**test, "when": "change"}}


def targets_of(resource: CustomResource, project: CustomResource | None) -> tuple[str, ...]:
    """The targets that a resource names, else its project's default ones, as far as they are texts."""
    written = resource.spec.get("targets")
    if written is None and project is not None:
        written = project.spec.get("default_targets")
    return tuple(name for name in written if isinstance(name, str)) if isinstance(written, (list, tuple)) else ()


KINDS_BY_PLURAL: Mapping[str, str] = {plural_of(kind): kind for kind in (PROJECT, *KINDS)}
"""Every kind that is watched, by its plural."""
