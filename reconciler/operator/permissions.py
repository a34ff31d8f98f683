"""What the author of a custom resource must not have: values from the operator's own surroundings, and any address.

Whoever may write a custom resource in a namespace gets what that namespace's labelled Secrets hold, and nothing of the
operator's environment, files, programs or credentials. What an administrator allows beyond that stands in the policy
file. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, Problem
from reconciler.model.kinds import KINDS, Role
from reconciler.model.project import CREDENTIAL_FIELDS
from reconciler.model.provider import SettingsOf
from reconciler.model.text import Path
from reconciler.model.values import PUBLIC_HEADERS
from reconciler.operator.addresses import host_matches, host_of, is_local, is_pattern, matches
from reconciler.operator.crds import PROJECT
from reconciler.operator.resources import CustomResource

_RULE = "not-in-a-cluster"
_FIX = 'use {secret: NAME, key: KEY}, a Secret of this namespace with the label channels.gitops/use: "true"'


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one namespace may have. `targets` None: any address but loopback and link-local ones, which `local` allows;
    the others are patterns of paths, names and hosts."""

    targets: tuple[str, ...] | None = None
    local: bool = False
    vault: tuple[str, ...] = ()
    aws_secrets: tuple[str, ...] = ()
    sigv4_hosts: tuple[str, ...] = ()


_LISTS = ("targets", "vault", "aws_secrets", "sigv4_hosts")


@dataclass(frozen=True, slots=True)
class Policy:
    """The administrator's policy: what namespaces may have, by patterns of their names. All that match add up."""

    namespaces: tuple[tuple[str, Allowed], ...] = ()

    @classmethod
    def read(cls, document: object) -> Policy:
        """The policy of a parsed file; ConfigurationError says what in it is none."""
        rules = document.get("namespaces", {}) if isinstance(document, Mapping) else None
        if not isinstance(document, Mapping) or set(document) - {"namespaces"} or not isinstance(rules, Mapping):
            raise ConfigurationError("the policy file is a mapping with one key, namespaces: {PATTERN: {...}}")
        return cls(tuple((str(pattern), _read_allowed(str(pattern), rule)) for pattern, rule in rules.items()))

    def of(self, namespace: str) -> Allowed:
        """What a namespace may have."""
        rules = [allowed for pattern, allowed in self.namespaces if fnmatchcase(namespace, pattern)]
        bounded = [rule.targets for rule in rules if rule.targets is not None]
        return Allowed(
            targets=tuple(item for targets in bounded for item in targets) if bounded else None,
            local=any(rule.local for rule in rules),
            vault=tuple(item for rule in rules for item in rule.vault),
            aws_secrets=tuple(item for rule in rules for item in rule.aws_secrets),
            sigv4_hosts=tuple(item for rule in rules for item in rule.sigv4_hosts),
        )


def _read_allowed(pattern: str, rule: object) -> Allowed:
    where = f"the policy file, namespaces.{pattern}"
    if not isinstance(rule, Mapping):
        raise ConfigurationError(f"{where}: must be a mapping with {', '.join(_LISTS)}, local")
    unknown = sorted(str(name) for name in set(rule) - {*_LISTS, "local"})
    if unknown:
        raise ConfigurationError(f"{where}: unknown field {unknown[0]}; there are {', '.join(_LISTS)}, local")
    local = rule.get("local", False)
    if not isinstance(local, bool):
        raise ConfigurationError(f"{where}.local: must be true or false")
    targets = _read_list(rule, "targets", where) if "targets" in rule else None
    if wrong := [item for item in targets or () if not is_pattern(item)]:
        raise ConfigurationError(
            f"{where}.targets: {wrong[0]} must be * or an address as https://*.example.org, with * at its end for any "
            "port and path"
        )
    hosts = _read_list(rule, "sigv4_hosts", where)
    if wrong := [item for item in hosts if not item or set(item) & set("/:@")]:
        raise ConfigurationError(
            f"{where}.sigv4_hosts: {wrong[0]!r} must be the name of a host as *.eu-central-1.es.amazonaws.com, without "
            "scheme, port and path"
        )
    return Allowed(
        targets=targets,
        local=local,
        vault=_read_list(rule, "vault", where),
        aws_secrets=_read_list(rule, "aws_secrets", where),
        sigv4_hosts=hosts,
    )


def _read_list(rule: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    value = rule.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigurationError(f"{where}.{name}: must be a list of patterns")
    return tuple(value)


def problems_of(resource: CustomResource, allowed: Allowed, settings_of: SettingsOf) -> list[Problem]:
    """What a resource asks for that its author must not have, each with what to do instead."""
    if resource.kind == PROJECT:
        return [*_of_project(resource.spec, allowed, settings_of)]
    overrides = _map(resource.spec.get("overrides"))
    found = [*_of_fields(resource.kind, resource.spec, ("spec",), allowed)]
    for target, override in overrides.items():
        found += _of_fields(resource.kind, _map(override), ("spec", "overrides", str(target)), allowed)
    return found


def _of_fields(kind: str, spec: Mapping[str, Any], path: Path, allowed: Allowed) -> Iterator[Problem]:
    if kind not in KINDS:
        return
    for field in KINDS[kind].fields:
        value = spec.get(field.name)
        if field.role is Role.SECRET and value is not None:
            yield from _of_value(value, (*path, field.name), allowed)
        elif field.role is Role.SECRETS:
            for name, item in _map(value).items():
                if str(name).lower() not in PUBLIC_HEADERS:
                    yield from _of_value(item, (*path, field.name, str(name)), allowed)


def _of_value(value: object, path: Path, allowed: Allowed) -> Iterator[Problem]:
    """A secret field's value: only what names a labelled Secret, what is no secret, or what the policy allows."""
    if not isinstance(value, Mapping):
        if value is not None:
            yield Problem(path, "a literal is refused in a cluster, where everybody can read it", _RULE, _FIX)
        return
    if "from" in value:
        yield from _of_value(value["from"], (*path, "from"), allowed)
        return
    for source in sorted(str(name) for name in value if name not in ("key", "format")):
        if source in ("secret", "plain", "live"):
            continue
        patterns = {"vault": allowed.vault, "aws_secret": allowed.aws_secrets}.get(source)
        if patterns is None:
            message = f"the source {source} is refused in a cluster: it would read what belongs to the operator"
            yield Problem(path, message, _RULE, _FIX)
        elif not _matches(str(value[source]), patterns):
            message = f"this {source} path is not allowed for this namespace"
            yield Problem(path, message, _RULE, f"have the operator's administrator allow it in the policy, or {_FIX}")


def _of_project(spec: Mapping[str, Any], allowed: Allowed, settings_of: SettingsOf) -> Iterator[Problem]:
    if _map(spec.get("secrets")).get("sources"):
        message = "is refused in a cluster: it would run commands as the operator"
        yield Problem(("spec", "secrets", "sources"), message, _RULE, f"remove it, and {_FIX}")
    for kind, defaults in _map(spec.get("defaults")).items():
        yield from _of_fields(str(kind), _map(defaults), ("spec", "defaults", str(kind)), allowed)
    for name, target in _map(spec.get("targets")).items():
        path = ("spec", "targets", str(name))
        yield from _of_address(_map(target), path, allowed, settings_of)
        yield from _of_target(_map(target), path, allowed)


def _of_credential(value: object, path: Path, allowed: Allowed) -> Iterator[Problem]:
    """A value that a target needs before anything is read: Vault and AWS are asked for channels alone."""
    given = _map(value)
    sources = {*given, *_map(given.get("from"))} & {"vault", "aws_secret"}
    for source in sorted(sources):
        message = f"the source {source} is for channels: a target's credentials come from a labelled Secret"
        yield Problem(path, message, _RULE, _FIX)
    if not sources:
        yield from _of_value(value, path, allowed)


def _of_target(target: Mapping[str, Any], path: Path, allowed: Allowed) -> Iterator[Problem]:
    auth = _map(target.get("auth"))
    if not auth:
        message = "has no auth, and in a cluster none is taken from the operator's environment"
        yield Problem(path, message, _RULE, "write auth with {secret: NAME, key: KEY}; {plain: VALUE} for a user name")
    for way, fields in CREDENTIAL_FIELDS.items():
        for name in fields:
            value = _map(auth.get(way)).get(name)
            yield from _of_credential(value, (*path, "auth", way, name), allowed)
    for name, value in _map(target.get("headers")).items():
        yield from _of_credential(value, (*path, "headers", str(name)), allowed)
    yield from _of_credential(_map(target.get("tls")).get("ca"), (*path, "tls", "ca"), allowed)
    if "client_cert" in auth:
        message = "names files, and there are none in a cluster"
        yield Problem((*path, "auth", "client_cert"), message, _RULE, "use basic or bearer")
    if _map(target.get("tls")).get("ca_file"):
        message = "names a file, and there are none in a cluster"
        fix = "give the authorities as ca: {secret: NAME, key: KEY}"
        yield Problem((*path, "tls", "ca_file"), message, _RULE, fix)
    if "sigv4" in auth and not _is_host(host_of(target.get("url")), allowed.sigv4_hosts):
        message = "would sign with the operator's own AWS credentials, which are not allowed for this host"
        fix = "have the operator's administrator allow the host in the policy, sigv4_hosts"
        yield Problem((*path, "auth", "sigv4"), message, _RULE, fix)


def _of_address(target: Mapping[str, Any], path: Path, allowed: Allowed, settings_of: SettingsOf) -> Iterator[Problem]:
    url = target.get("url")
    if not isinstance(url, str):
        if not _has_default_url(target.get("provider"), settings_of):
            message = "has no url, and in a cluster none is taken from the operator's environment"
            yield Problem(path, message, _RULE, "write url")
        return
    if allowed.targets is not None and not any(matches(url, pattern) for pattern in allowed.targets):
        message = "this address is not allowed for this namespace"
        fix = "have the operator's administrator allow it in the policy, targets"
        yield Problem((*path, "url"), message, _RULE, fix)
    if not allowed.local and is_local(host_of(url)):
        yield Problem((*path, "url"), LOCAL_REFUSED, _RULE, LOCAL_FIX)


def _has_default_url(provider: object, settings_of: SettingsOf) -> bool:
    """Whether the provider has an address of its own; no for one that there is not, which is said of the project."""
    try:
        return isinstance(provider, str) and bool(settings_of(provider).default_url)
    except ConfigurationError:
        return False


LOCAL_REFUSED = "a loopback or link-local address would reach the operator's own machine"
LOCAL_FIX = "name the system itself, or have the operator's administrator allow it in the policy, local"


def _is_host(host: str, patterns: Iterable[str]) -> bool:
    return bool(host) and any(host_matches(host, pattern) for pattern in patterns)


def _matches(text: str, patterns: Iterable[str]) -> bool:
    """Whether a pattern matches; one that climbs with `..` only if it stands there as it is."""
    if ".." in text.split("/"):
        return text in patterns
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
