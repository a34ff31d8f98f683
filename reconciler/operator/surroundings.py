"""What all rounds of one operator share, and what they know of a namespace from one to the next."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path

from reconciler.apply.run import Stop
from reconciler.model.dataclass import dataclass
from reconciler.operator.entries import Entry
from reconciler.operator.kubernetes import Cluster
from reconciler.operator.leases import Leases
from reconciler.operator.leftovers import Leftovers
from reconciler.operator.permissions import Policy
from reconciler.operator.preparing import Block, Prepared
from reconciler.operator.project_status import TargetState
from reconciler.operator.published import Published
from reconciler.operator.reading import Snapshots
from reconciler.operator.resources import CustomResource, Snapshot
from reconciler.operator.schedule import Key
from reconciler.operator.writing import Writer


@dataclass(slots=True)
class Surroundings:
    """What all rounds share. `wake` has the targets of a namespace looked at at once, `environ` and `folder` are for
    Vault and AWS where the policy allows them; `published` is renewed whenever the definitions were looked at."""

    cluster: Cluster
    leases: Leases
    snapshots: Snapshots
    writer: Writer
    wake: Callable[[Key], None]
    policy: Policy = Policy()
    shard: str = ""
    namespaces: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path = Path("/nonexistent")
    stop: Stop = field(default_factory=Stop)
    clock: Callable[[], float] = time.monotonic
    published: Published = Published()


@dataclass(slots=True)
class Known:
    """What is known of a namespace between rounds: the targets' states and what killed runs left there, and by uid
    where a deletion is done and which unknown consents were reported. `unwritten` is what runs established and no
    status could be given yet, by uid and target: it counts all the same. `rounds` counts them by target, "" for the
    project."""

    targets: dict[str, TargetState] = field(default_factory=dict)
    leftovers: dict[str, Leftovers] = field(default_factory=lambda: defaultdict(Leftovers))
    deleted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    unknown_consents: Mapping[str, list[str]] = field(default_factory=dict)
    unwritten: dict[tuple[str, str], Entry] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    prepared: tuple[Snapshot, asyncio.Task[Prepared | Block]] | None = None
    rounds: Counter[str] = field(default_factory=Counter)
    project: CustomResource | None = None
    resources: Mapping[str, CustomResource] = field(default_factory=dict)
