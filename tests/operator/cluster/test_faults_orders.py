"""Custom resources made, changed and deleted and Secrets rotated in any order, faster than they are applied: what is
live in the end is what is written in the end, and no message is sent more often than something changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from reconciler.simulator import Simulator
from tests.operator.apiserver import ApiServer, wait_until
from tests.operator.cluster.faults import ShardTeam
from tests.operator.cluster.running import Operator

SHARD = "orders"
NAMES = st.sampled_from(["alpha", "beta", "gamma"])


@pytest.fixture(scope="module")
def operator(cluster: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with Operator(cluster, tmp_path_factory.mktemp("operator"), f"--shard={SHARD}") as running:
        yield running
        assert running.process is not None
        assert running.process.poll() is None


class _Orders(RuleBasedStateMachine):
    """`wanted` are the descriptions of the channels by name, `deleting` what was asked to go, `causes` how often each
    channel had a reason for a message."""

    cluster: ApiServer

    def __init__(self) -> None:
        super().__init__()
        self.search = Simulator()
        self.search.__enter__()
        self.team = ShardTeam(self.cluster, SHARD, self.search)
        self.team.begin(operator={"deletion_policy": "delete"}, safety={"max_deletes": 100})
        self.part = "B0BBBBBB1"
        self.wanted: dict[str, str] = {}
        self.deleting: set[str] = set()
        self.causes: Counter[str] = Counter()

    @rule(name=NAMES, number=st.integers(0, 3))
    def put(self, name: str, number: int) -> None:
        """Make or change a channel; one that is being deleted must be gone before, as for `kubectl delete`."""
        if name in self.deleting:
            self.is_gone(name)
        self.causes[name] += name not in self.wanted
        self.wanted[name] = f"number {number}"
        self.team.slack(name, description=self.wanted[name])

    @precondition(lambda self: self.wanted)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        """Delete a channel."""
        name = data.draw(st.sampled_from(sorted(self.wanted)))
        del self.wanted[name]
        self.deleting.add(name)
        self.team.delete("SlackChannel", name)

    @precondition(lambda self: self.wanted)
    @rule(number=st.integers(1, 9))
    def rotate(self, number: int) -> None:
        """Give the Secret of all channels another address."""
        part = f"B0BBBBBB{number}"
        if part != self.part:
            self.part = part
            self.causes.update(list(self.wanted))
            self.team.rotate(part)

    @precondition(lambda self: self.wanted)
    @rule()
    def settle(self) -> None:
        """Let it come to rest."""
        for name in sorted(self.wanted):
            self.team.is_verified(name)

    def is_gone(self, name: str) -> None:
        """Wait until the deletion is done."""
        wait_until(lambda: self.team.get("SlackChannel", name) is None, f"{name} is not gone")
        self.deleting.discard(name)

    def teardown(self) -> None:
        """All is live as it was written last."""
        try:
            for name in sorted(self.deleting):
                self.is_gone(name)
            self.settle()
            self.team.is_exactly(self.wanted, self.part)
            wait_until(self._descriptions_are_so, f"live is not {self.wanted}")
            sent = Counter(delivery.config_name for delivery in self.search.inbox)
            assert sent <= self.causes
        finally:
            self.search.__exit__(None, None, None)

    def _descriptions_are_so(self) -> bool:
        texts = {item["name"]: item["description"] for item in self.team.configs().values()}
        return all(texts[name].startswith(text) for name, text in self.wanted.items())


@pytest.mark.usefixtures("operator")
def test_any_order(cluster: ApiServer) -> None:
    _Orders.cluster = cluster
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        _Orders,
        settings=settings(
            max_examples=4,
            stateful_step_count=10,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=checks,
        ),
    )
