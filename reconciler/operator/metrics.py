"""The operator's metrics in OpenMetrics form, made at each scrape: what is gone is not in them."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from reconciler.operator.entries import TRUE, UNKNOWN, entries_of
from reconciler.operator.resources import CustomResource
from reconciler.operator.rounds import Rounds
from reconciler.operator.schedule import Queue, since_1970
from reconciler.operator.status import SUSPENDED, as_verified, condition_of, is_reconciled

CONTENT_TYPE = CONTENT_TYPE_LATEST
_LABELS = ("namespace", "kind", "name", "target")


def exposition(rounds: Rounds, queue: Queue) -> bytes:
    """All metrics of the process, as text."""
    registry = CollectorRegistry()
    registry.register(_Metrics(rounds, queue))
    ProcessCollector(registry=registry)
    return bytes(generate_latest(registry))


class _Metrics(Collector):
    """Reads what the rounds know; it keeps nothing."""

    def __init__(self, rounds: Rounds, queue: Queue) -> None:
        self._rounds = rounds
        self._queue = queue

    def collect(self) -> Iterator[Metric]:
        """Every metric, with a sample for each object that is there."""
        yield from self._of_resources()
        yield from self._of_targets()
        waiting = GaugeMetricFamily("reconciler_queue_length", "Projects and targets waiting to be reconciled.")
        waiting.add_metric([], self._queue.length)
        yield waiting
        rounds = CounterMetricFamily("reconciler_reconciles", "Reconciliations of projects and targets so far.")
        rounds.add_metric([], self._rounds.count)
        yield rounds
        calls = CounterMetricFamily(
            "reconciler_api_calls", "Calls to the API server so far, without the watch.", labels=("method",)
        )
        for method, number in self._rounds.calls.items():
            calls.add_metric([method], number)
        yield calls
        yield from self._rounds.seconds.collect()

    def _of_resources(self) -> Iterator[Metric]:
        ready = GaugeMetricFamily(
            "reconciler_resource_ready",
            "1 if applied on all its targets, NaN if suspended.",
            labels=("namespace", "kind", "name"),
        )
        verified = GaugeMetricFamily(
            "reconciler_channel_verified",
            "1 if a test message went through, 0 if not, NaN if not known.",
            labels=_LABELS,
        )
        drifted = GaugeMetricFamily("reconciler_channel_drifted", "1 if live differs from desired.", labels=_LABELS)
        tested = GaugeMetricFamily(
            "reconciler_channel_last_test_timestamp_seconds", "When the last test message was sent.", labels=_LABELS
        )
        for resource in self._resources():
            names = [resource.namespace, resource.kind, resource.name]
            is_ready, is_known = condition_of(resource.status, "Ready"), is_reconciled(resource.status)
            suspended = is_ready.get("reason") == SUSPENDED
            ready.add_metric(names, _number(UNKNOWN) if suspended else float(is_ready.get("status") == TRUE))
            for target, entry in entries_of(resource).items():
                labels = [*names, target]
                verified.add_metric(labels, _number(as_verified(entry).verified if is_known else UNKNOWN))
                drifted.add_metric(labels, _number(entry.drifted if is_known else UNKNOWN))
                if entry.test_time:
                    tested.add_metric(labels, since_1970(entry.test_time))
        yield from (ready, verified, drifted, tested)

    def _of_targets(self) -> Iterator[Metric]:
        readable = GaugeMetricFamily(
            "reconciler_target_readable", "1 if the target could be read.", labels=("namespace", "project", "target")
        )
        rounds = CounterMetricFamily(
            "reconciler_project_reconciles",
            "Reconciliations so far of a project (its target is empty) and of each of its targets.",
            labels=("namespace", "target"),
        )
        for namespace, known in self._rounds.known.items():
            if known.project is not None:
                for state in known.targets.values():
                    readable.add_metric([namespace, known.project.name, state.name], float(state.readable))
            for target, number in known.rounds.items():
                rounds.add_metric([namespace, target], number)
        yield from (readable, rounds)

    def _resources(self) -> Iterator[CustomResource]:
        for known in self._rounds.known.values():
            yield from known.resources.values()


def _number(status: str) -> float:
    """A condition's status; what is not known is no number, and never 1."""
    return {"True": 1.0, "False": 0.0}.get(status, float("nan"))
