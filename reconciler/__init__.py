"""reconciler: declarative GitOps for notification channels, as a library.

What the command line uses, as typed functions on frozen values: `prepare` a run of a project, then `make_plan`,
`apply_plan`, `send_tests`, `find_drift`, `list_objects`, `export_live`; `examine` looks at a project as `doctor` does.
Nothing here prints, asks, exits, or looks at the process's environment. `docs/library.md` shows how. Names are imported
when they are first used, since start-up counts.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from reconciler.model import __version__

if TYPE_CHECKING:
    from reconciler.apply.results import ChangeResult, RunResult, Status, TargetResult, TestResult
    from reconciler.apply.run import Stop
    from reconciler.engine.apply import Applied, apply_plan, carry_out
    from reconciler.engine.connect import connect
    from reconciler.engine.doctor import examine
    from reconciler.engine.export import export_live, take_snapshot, write_manifests
    from reconciler.engine.live import ReadTarget, read_live
    from reconciler.engine.load import Workspace, load_workspace, workspace_of
    from reconciler.engine.options import (
        SCOPE,
        ApplyOptions,
        DestroyOptions,
        DoctorOptions,
        DriftOptions,
        Effect,
        ExportOptions,
        ListOptions,
        ManifestOptions,
        PlanOptions,
        ProjectOptions,
        ReleaseOptions,
        Selection,
        Surroundings,
        TestOptions,
        UsersOptions,
    )
    from reconciler.engine.run import (
        Planned,
        Run,
        check_limits,
        find_drift,
        list_objects,
        make_plan,
        planned,
        prepare,
        run_of,
    )
    from reconciler.engine.saved_plan import SavedPlan, read_plan, write_plan
    from reconciler.engine.testing import Tests, send_tests
    from reconciler.export.documents import Exported
    from reconciler.manifests.load import Text
    from reconciler.model.errors import (
        ConfigurationError,
        Level,
        Location,
        Problem,
        ProblemsError,
        ReconcilerError,
        RefusedError,
        SecretError,
        TargetError,
        UsageError,
    )
    from reconciler.model.evidence import Check, Health
    from reconciler.model.kinds import KINDS
    from reconciler.model.project import Project
    from reconciler.model.provider import Abilities, Provider
    from reconciler.model.resource import LiveObject, Resource, Server
    from reconciler.model.values import SecretReference, SecretText
    from reconciler.plan.changes import Action, Change, Counts, Plan, Reason, TargetPlan, UnreadTarget
    from reconciler.plan.origin import Drift

_WHERE = {
    "apply.results": (
        "ChangeResult",
        "RunResult",
        "Status",
        "TargetResult",
        "TestResult",
    ),
    "apply.run": ("Stop",),
    "engine.apply": (
        "Applied",
        "apply_plan",
        "carry_out",
    ),
    "engine.connect": ("connect",),
    "engine.doctor": ("examine",),
    "engine.export": (
        "export_live",
        "take_snapshot",
        "write_manifests",
    ),
    "engine.load": (
        "Workspace",
        "load_workspace",
        "workspace_of",
    ),
    "engine.options": (
        "ApplyOptions",
        "DestroyOptions",
        "DoctorOptions",
        "DriftOptions",
        "Effect",
        "ExportOptions",
        "ListOptions",
        "ManifestOptions",
        "PlanOptions",
        "ProjectOptions",
        "ReleaseOptions",
        "SCOPE",
        "Selection",
        "Surroundings",
        "TestOptions",
        "UsersOptions",
    ),
    "engine.live": (
        "ReadTarget",
        "read_live",
    ),
    "engine.run": (
        "Planned",
        "Run",
        "check_limits",
        "find_drift",
        "list_objects",
        "make_plan",
        "planned",
        "prepare",
        "run_of",
    ),
    "engine.testing": (
        "Tests",
        "send_tests",
    ),
    "engine.saved_plan": (
        "SavedPlan",
        "read_plan",
        "write_plan",
    ),
    "export.documents": ("Exported",),
    "manifests.load": ("Text",),
    "model.errors": (
        "ConfigurationError",
        "Level",
        "Location",
        "Problem",
        "ProblemsError",
        "ReconcilerError",
        "RefusedError",
        "SecretError",
        "TargetError",
        "UsageError",
    ),
    "model.evidence": (
        "Check",
        "Health",
    ),
    "model.kinds": ("KINDS",),
    "model.project": ("Project",),
    "model.provider": (
        "Abilities",
        "Provider",
    ),
    "model.resource": (
        "LiveObject",
        "Resource",
        "Server",
    ),
    "model.values": (
        "SecretReference",
        "SecretText",
    ),
    "plan.changes": (
        "Action",
        "Change",
        "Counts",
        "Plan",
        "Reason",
        "TargetPlan",
        "UnreadTarget",
    ),
    "plan.origin": ("Drift",),
}
_HOMES = {name: f"reconciler.{module}" for module, names in _WHERE.items() for name in names}

__all__ = [
    "KINDS",
    "SCOPE",
    "Abilities",
    "Action",
    "Applied",
    "ApplyOptions",
    "Change",
    "ChangeResult",
    "Check",
    "ConfigurationError",
    "Counts",
    "DestroyOptions",
    "DoctorOptions",
    "Drift",
    "DriftOptions",
    "Effect",
    "ExportOptions",
    "Exported",
    "Health",
    "Level",
    "ListOptions",
    "LiveObject",
    "Location",
    "ManifestOptions",
    "Plan",
    "PlanOptions",
    "Planned",
    "Problem",
    "ProblemsError",
    "Project",
    "ProjectOptions",
    "Provider",
    "ReadTarget",
    "Reason",
    "ReconcilerError",
    "RefusedError",
    "ReleaseOptions",
    "Resource",
    "Run",
    "RunResult",
    "SavedPlan",
    "SecretError",
    "SecretReference",
    "SecretText",
    "Selection",
    "Server",
    "Status",
    "Stop",
    "Surroundings",
    "TargetError",
    "TargetPlan",
    "TargetResult",
    "TestOptions",
    "TestResult",
    "Tests",
    "Text",
    "UnreadTarget",
    "UsageError",
    "UsersOptions",
    "Workspace",
    "__version__",
    "apply_plan",
    "carry_out",
    "check_limits",
    "connect",
    "examine",
    "export_live",
    "find_drift",
    "list_objects",
    "load_workspace",
    "make_plan",
    "planned",
    "prepare",
    "read_live",
    "read_plan",
    "run_of",
    "send_tests",
    "take_snapshot",
    "workspace_of",
    "write_manifests",
    "write_plan",
]


def __getattr__(name: str) -> object:
    """The public name, from the module that defines it (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
