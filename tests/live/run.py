"""One run on a cluster: ids of its own, where its test messages go, and plans and applies that leave a trace.

Every object's id and owner begins with the run's name, so that all can be removed by it, also after a kill.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from reconciler.apply.session import SessionOptions
from reconciler.model.errors import Level
from reconciler.model.provider import Provider
from reconciler.model.resource import Payload
from reconciler.model.values import SecretReference, SecretText
from reconciler.plan.marks import Ownership
from reconciler.providers.http import HttpTarget
from reconciler.providers.opensearch.abilities import ABILITIES
from reconciler.providers.opensearch.client import OpenSearchDialect, OpenSearchProvider
from reconciler.simulator import MailReceiver, Receiver
from tests.apply.runs import PlansAndApplies
from tests.live.cluster import CONFIGS, ID_START, Cluster
from tests.live.settings import Settings
from tests.providers.contract import LiveTarget

__all__ = ["LiveRuns", "RealTarget", "Run"]

_NEVER_SENT_TO = "https://example.org/hooks/x"


class _Tracked(OpenSearchProvider):
    """The provider as it is, with the id of everything that it is asked to create noted before."""

    def __init__(self, http: HttpTarget, made: set[str]) -> None:
        super().__init__(http)
        self._made = made

    async def create(self, payload: Payload) -> str:
        if payload.id is not None:
            self._made.add(payload.id)
        return await super().create(payload)


@dataclass
class LiveRuns(PlansAndApplies):
    """Plans and applies against the cluster, under an owner of their own."""

    cluster: Cluster
    owner: str
    secrets: Mapping[SecretReference, SecretText] = field(default_factory=dict)
    options: SessionOptions = SessionOptions()

    def __post_init__(self) -> None:
        self.ownership = Ownership(self.owner, key_of=self.key)

    def key(self, name: str) -> str:
        """The id of the object of that name."""
        return f"{self.owner}_{name}"

    def is_gone(self, name: str) -> bool:
        """Whether there is no object of that name."""
        return self.cluster.is_gone(self.key(name))

    def provider(self) -> Provider:
        self.cluster.interruption.check()  # for a signal that came before there was a loop to cancel
        return _Tracked(HttpTarget(self.cluster.connection, OpenSearchDialect()), self.cluster.made)


@dataclass(frozen=True)
class RealTarget(LiveTarget):
    """The cluster as the provider's tour sees it: what it cannot do is skipped by name."""

    version: str = ""
    no_receiver: str = ""
    no_mail_server: str = ""

    def holds(self, kind: str) -> bool:
        if kind not in self.kinds:
            pytest.skip(f"OpenSearch {self.version} has no {kind}")
        return True

    def need_receiver(self) -> None:
        if self.no_receiver:
            pytest.skip(self.no_receiver)

    def need_mail_server(self) -> None:
        if self.no_mail_server:
            pytest.skip(self.no_mail_server)


@dataclass
class Run:
    """What the checks share. `missing` are permissions that the credentials lack, `before` all that was there. `least`
    is the cluster for the user of least rights, `dead` an address that answers with an error."""

    settings: Settings
    cluster: Cluster
    version: str = ""
    missing: frozenset[str] = frozenset()
    name: str = field(default_factory=lambda: f"{ID_START}{secrets.token_hex(4)}")
    before: dict[str, object] = field(default_factory=dict)
    least: Cluster | None = None
    sink: str = ""
    dead: str = ""
    no_receiver: str = ""
    no_mail_server: str = ""
    mail: tuple[str, int] = ("127.0.0.1", 25)
    _numbers: Callable[[], int] = field(default_factory=lambda: itertools.count().__next__)
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that this version can hold."""
        return frozenset(
            kind
            for kind in ABILITIES.kinds
            if all(problem.level is Level.WARNING for problem in ABILITIES.check(kind, {}, self.version))
        )

    def runs(self) -> LiveRuns:
        """Plans and applies that share nothing with those of other checks."""
        return LiveRuns(self.cluster, f"{self.name}-{self._numbers()}")

    def least_runs(self) -> LiveRuns:
        """Plans and applies as the user who has `notifications_full_access` alone; what they make is removed too."""
        if self.least is None:
            pytest.skip("TEST_LEAST_USERNAME is not set")
        return LiveRuns(self.least, f"{self.name}-{self._numbers()}")

    def place(self) -> RealTarget:
        """The cluster for one check of the provider's tour."""
        runs = self.runs()
        return RealTarget(
            "live",
            runs.provider,
            self.kinds,
            self.sink or _NEVER_SENT_TO,
            self.mail[1],
            self.mail[0],
            prefix=f"{runs.owner}_",
            owner=runs.owner,
            version=self.version,
            no_receiver=self.no_receiver,
            no_mail_server=self.no_mail_server,
        )

    # -- where test messages go

    def open_receivers(self) -> None:
        """Find out where test messages can go; without a place, say why not."""
        if missing := [name for name in self.missing if name.endswith("test_notification")]:
            self.no_receiver = self.no_mail_server = f"the credentials lack {missing[0]}"
            return
        self.dead = self.settings.dead_receiver
        if self.settings.receiver:
            self.sink = f"{self.settings.receiver}/hooks/x"
        else:
            self.no_receiver = "TEST_RECEIVER_URL is not set"
        if self.settings.mail:
            self.mail = self.settings.mail
        else:
            self.no_mail_server = "TEST_MAIL_SERVER is not set"
        if self.settings.is_near and not self.settings.receiver:
            self._start_own()

    def _start_own(self) -> None:
        """Receivers on this machine's loopback, if that is the cluster's too: one in a container has its own."""
        receiver = self._stack.enter_context(Receiver())
        if not self._reaches(receiver):
            reason = "the cluster does not reach this machine's loopback (a container?)"
            self.no_receiver = f"{self.no_receiver}, and {reason}"
            return
        self.sink, self.no_receiver = f"{receiver.url}/hooks/x", ""
        self.dead = self.dead or f"{receiver.url}/status/404"
        if not self.settings.mail:
            mail = self._stack.enter_context(MailReceiver())
            self.mail, self.no_mail_server = ("127.0.0.1", mail.port), ""

    def _reaches(self, receiver: Receiver) -> bool:
        object_id = f"{self.name}_reach"
        webhook = {"url": f"{receiver.url}/reach", "method": "POST", "header_params": {}}
        self.cluster.create(object_id, {"name": object_id, "config_type": "webhook", "webhook": webhook})
        self.cluster.call("POST", f"/_plugins/_notifications/feature/test/{object_id}")
        self.cluster.call("DELETE", f"{CONFIGS}/{object_id}")
        return bool(receiver.received)

    def close(self) -> None:
        """Stop the receivers that were started."""
        self._stack.close()
