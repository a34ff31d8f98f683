"""What the fault tests share: teams of a shard of their own, and calls of a target that wait until they are let go."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import httpx

from reconciler.operator.resources import SHARD_LABEL
from reconciler.simulator import Simulator
from tests.operator.apiserver import ApiServer, wait_until
from tests.operator.cluster.running import ADDRESS, Team

PATIENCE = 60.0
TEST = "/_plugins/_notifications/feature/test/"
"""Calls below this send a test message."""


class ShardTeam(Team):
    """A team whose project and resources only the operator of its shard looks at."""

    def __init__(self, cluster: ApiServer, shard: str, search: Simulator) -> None:
        super().__init__(cluster, {"search": search})
        self.shard = shard
        self.search = search

    def begin(self, **spec: Any) -> None:
        """Apply what every project needs: a Secret and the project."""
        self.secret("slack", url=ADDRESS)
        self.project(labels={SHARD_LABEL: self.shard} if self.shard else {}, **spec)

    def created(self, name: str, **spec: Any) -> None:
        """Apply a channel and wait until it is live and verified."""
        self.slack(name, **spec)
        self.is_verified(name)

    def is_verified(self, name: str) -> None:
        """Wait until a channel is live as written, and its test went through."""
        self.wait_for("SlackChannel", name, Ready="True Applied", Verified="True TestPassed", Stalled="False Applied")

    def rotate(self, part: str) -> None:
        """Give the Secret another address, with this part in it."""
        self.secret("slack", url=ADDRESS.replace("B0BBBBBB1", part))

    def is_exactly(self, names: Collection[str], part: str = "B0BBBBBB1") -> None:
        """Wait until these are live, once each, with that part of the address, and nothing else but canaries that
        nobody was left to remove."""

        def is_so() -> bool:
            real = [config for config in self.configs().values() if not config["description"].endswith(" canary]")]
            return sorted(config["name"] for config in real) == sorted(names) and all(
                f"/{part}/" in config["slack"]["url"] for config in real
            )

        wait_until(is_so, f"not live are {sorted(names)} with {part}", PATIENCE)

    def messages(self) -> dict[str, int]:
        """How many test messages went to each address, by the part of the address that tells them apart."""
        counts: dict[str, int] = {}
        for delivery in self.search.inbox:
            part = delivery.address.split("/")[-2]
            counts[part] = counts.get(part, 0) + 1
        return counts


class Gate:
    """The next call of a target that sends a test message waits until it is let go, or another such call comes."""

    def __init__(self, search: Simulator) -> None:
        self._search = search
        self._fault = search.faults.add("meet", path=f"{TEST}*", times=2, seconds=300.0)

    def reached(self) -> None:
        """Wait until the call is there."""
        wait_until(lambda: self._fault in self._search.faults.struck, "no test message was about to be sent")

    def open(self) -> None:
        """Let it go, by a call of something that is not there."""
        httpx.get(f"{self._search.url}{TEST}nothing", timeout=60)
