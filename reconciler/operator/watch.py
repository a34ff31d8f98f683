"""Watching the cluster through kopf, which is plumbing only: logins, lists, streams that break and go on.

Only its lowest handlers are used, which write nothing: no annotation, no finalizer, no peering, no Event. It runs in a
thread and an event loop of its own, so that its signal handlers and its patience of two seconds concern nobody else.
What it tells is that something happened in a namespace; what there is, a look finds out.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

import aiohttp
import kopf

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError
from reconciler.operator.crds import GROUP, PROJECT, VERSION, plural_of
from reconciler.operator.resources import (
    ALLOW,
    KINDS_BY_PLURAL,
    REQUESTED_AT,
    SECRET_LABEL,
    SHARD_LABEL,
    TEST_REQUESTED_AT,
)

_SECRETS = "secrets"
_HEARD = (REQUESTED_AT, TEST_REQUESTED_AT, ALLOW)
"""Annotations that are wishes; others trigger nothing."""

_STOP_SECONDS = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0  # seconds until a watch that failed begins again
_LOG = logging.getLogger("reconciler.operator")


def log_in() -> kopf.ConnectionInfo:
    """Where the API server is and who we are: the pod's service account, else KUBECONFIG. ConfigurationError if neither
    is there, or says it; its text holds nothing of a login."""
    settings = kopf.OperatorSettings()
    try:
        found = kopf.login_with_service_account(settings=settings) or kopf.login_with_kubeconfig(settings=settings)
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename}, the login for the cluster, cannot be read: {error.strerror}"
        ) from None
    except Exception as error:  # of YAML, of a file of another form, or kopf's; its text may hold a value
        raise ConfigurationError(
            f"the file in KUBECONFIG is no kubeconfig ({type(error).__name__}): `kubectl config view --minify` must "
            "show its context with a cluster and a user"
        ) from None
    if found is None or not found.server:
        raise ConfigurationError("there is no API server: run in a pod with a service account, or set KUBECONFIG")
    if found.server.startswith("https:") and not any((found.token, found.username, *_certificate_of(found))):
        raise ConfigurationError(
            "the login for the cluster has no token, password or certificate, and a program that gives one (exec, in "
            "KUBECONFIG) is not run here: put a token into a copy of the file, as `kubectl create token` prints one"
        )
    return found


def _certificate_of(login: kopf.ConnectionInfo) -> tuple[object, object]:
    return login.certificate_path, login.certificate_data


@dataclass(slots=True)
class Filter:
    """Which of the watch's events are worth a look. Our own writes of statuses are none.

    `shard` is the value of the Projects' label that are ours; "" for those without it, and for namespaces without any.
    """

    shard: str = ""
    _seen: dict[str, tuple[object, ...]] = field(default_factory=dict)
    _projects: dict[str, set[str]] = field(default_factory=dict)

    def forget(self) -> None:
        """What was seen does not count any more: everything is worth a look again."""
        self._seen.clear()

    def namespace_of(self, plural: str, event: Mapping[str, Any]) -> str:
        """The namespace in which something happened that concerns us; "" for nothing."""
        body = event.get("object") or {}
        metadata = body.get("metadata") or {}
        namespace, uid = metadata.get("namespace", ""), metadata.get("uid", "")
        is_gone = event.get("type") == "DELETED"
        if plural == plural_of(PROJECT):
            ours = self._projects.setdefault(namespace, set())
            (ours.discard if is_gone else ours.add)(uid)
        now = _fingerprint(plural, metadata)
        if is_gone:
            self._seen.pop(uid, None)
        elif self._seen.get(uid) == now:
            return ""
        else:
            self._seen[uid] = now
        is_project = plural == plural_of(PROJECT)
        if self.shard and not is_project and not self._projects.get(namespace):
            return ""
        return str(namespace)


def _fingerprint(plural: str, metadata: Mapping[str, Any]) -> tuple[object, ...]:
    """What of an object has to change for a look to be worth it."""
    if plural == _SECRETS:
        return (metadata.get("resourceVersion"),)
    annotations = metadata.get("annotations") or {}
    return (
        metadata.get("generation"),
        metadata.get("deletionTimestamp"),
        tuple(metadata.get("finalizers") or ()),
        *(annotations.get(name) for name in _HEARD),
        (metadata.get("labels") or {}).get(SHARD_LABEL),
    )


def _answer(error: BaseException | None) -> aiohttp.ClientResponseError | None:
    """The API server's answer that an error of kopf is about, if it is about one."""
    cause = error.__cause__ if error is not None else None
    return cause if isinstance(cause, aiohttp.ClientResponseError) else None


def _reason(error: Exception) -> str:
    """Why a watch ended, without the other side's text, which may repeat a value."""
    answer = _answer(error)
    return type(error).__name__ if answer is None else f"GET {answer.request_info.url.path}: {answer.status}"


def _is_news(record: logging.LogRecord) -> bool:
    """Whether kopf logs more than that the API server refused a watch, as it does where a definition was deleted: that
    is one line of ours, which it would say twice, each time with a traceback."""
    return record.exc_info is None or _answer(record.exc_info[1]) is None


class Watch:
    """The watch of these namespaces (none: all). `tell` is called, in its thread, with each namespace in which
    something happened; `failures` counts how often it failed, and restarted by itself."""

    def __init__(
        self,
        namespaces: tuple[str, ...],
        shard: str,
        tell: Callable[[str], None],
    ) -> None:
        self._namespaces = namespaces
        self._filter = Filter(shard)
        self._tell = tell
        self._stop = threading.Event()
        self._again = threading.Event()
        self.ready = threading.Event()
        self.failures = 0
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def begin(self) -> None:
        """Begin, or begin again, with the kinds that are served now; what is there already is reported as well."""
        if self._thread.is_alive():
            self._again.set()
        else:
            self._thread.start()

    def stop(self) -> None:
        """End, within a few seconds. Blocks."""
        self._stop.set()
        self._again.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        """Watch until the end. A watch that fails (the API server is away for long) begins again, and all is looked at
        again then: nobody reported what was deleted meanwhile."""
        pause = _FIRST_PAUSE
        while not self._stop.is_set():
            self._again.clear()
            began = time.monotonic()
            try:
                asyncio.run(self._watch())
            except Exception as error:  # kopf's or the connection's: any kind
                self.failures += 1
                _LOG.warning("the watch failed (%s): it restarts in %g s", _reason(error), pause)
            self.ready.clear()
            self._filter.forget()
            if self._again.is_set():
                continue
            pause = _FIRST_PAUSE if time.monotonic() - began > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            self._stop.wait(pause)

    async def _watch(self) -> None:
        await kopf.operator(
            registry=self._registry(),
            settings=self._settings(),
            standalone=True,
            clusterwide=not self._namespaces,
            namespaces=self._namespaces,
            stop_flag=self._again,
            ready_flag=self.ready,
        )

    def _settings(self) -> kopf.OperatorSettings:
        logging.getLogger("kopf").setLevel(logging.WARNING)
        # it warns that it handles no signals, as is meant: `run` does
        logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)
        for name in ("orchestration", "running"):
            logging.getLogger(f"kopf._core.reactor.{name}").addFilter(_is_news)
        settings = kopf.OperatorSettings()
        settings.posting.enabled = False
        settings.scanning.disabled = True  # `definitions` sees what a look at an early moment misses
        settings.watching.label_selectors["", "v1", _SECRETS] = f"{SECRET_LABEL}=true"
        mine = f"{SHARD_LABEL}={self._filter.shard}" if self._filter.shard else f"!{SHARD_LABEL}"
        settings.watching.label_selectors[GROUP, VERSION, plural_of(PROJECT)] = mine
        return settings

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()

        async def login(**_: Any) -> kopf.ConnectionInfo:
            return log_in()

        kopf.on.login(registry=registry, id="login")(login)
        for plural in KINDS_BY_PLURAL:
            kopf.on.event(GROUP, VERSION, plural, registry=registry, id=plural)(self._listener(plural))
        kopf.on.event("", "v1", _SECRETS, registry=registry, id=_SECRETS)(self._listener(_SECRETS))
        return registry

    def _listener(self, plural: str) -> Callable[..., Any]:
        async def heard(event: Mapping[str, Any], **_: Any) -> None:
            if namespace := self._filter.namespace_of(plural, event):
                self._tell(namespace)

        return heard
