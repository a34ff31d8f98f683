"""The embedded simulator: plays OpenSearch Notifications and Confluent Cloud on loopback, for demos, tests and users'
pipelines.

`Simulator` runs it in a thread; `serve` runs it for the command line. The parts, in reading order:

- `calls` (what passes between server and API), `server`, `control` (the `/_simulator/` pages)
- `faults` and `striking` (calls that go wrong), `clock`
- `delivery`, `wire`, `mail`, `outcomes` (what is sent and what is captured), `inbox`, `page`
- `sink`, `oddities`, `receivers` (the receivers)
- `state` (the state file)
- the packages `opensearch` and `confluent` (the APIs themselves)

It imports nothing from the rest of the project, and only the command line imports it. Names are loaded when they are
first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconciler.simulator.delivery import Timings
    from reconciler.simulator.faults import Fault, FaultKind
    from reconciler.simulator.opensearch.alerting.monitors import example_monitor
    from reconciler.simulator.opensearch.security.people import load_users
    from reconciler.simulator.outcomes import Outcome, Outcomes
    from reconciler.simulator.receivers import MailReceiver, Receiver
    from reconciler.simulator.simulator import Simulator, serve

__all__ = [
    "Fault",
    "FaultKind",
    "MailReceiver",
    "Outcome",
    "Outcomes",
    "Receiver",
    "Simulator",
    "Timings",
    "example_monitor",
    "load_users",
    "serve",
]

_HOMES = {
    "Fault": "faults",
    "FaultKind": "faults",
    "MailReceiver": "receivers",
    "Outcome": "outcomes",
    "Outcomes": "outcomes",
    "Receiver": "receivers",
    "Simulator": "simulator",
    "Timings": "delivery",
    "example_monitor": "opensearch.alerting.monitors",
    "load_users": "opensearch.security.people",
    "serve": "simulator",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
