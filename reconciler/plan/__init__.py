"""The plan: a value (`model`), how it is made (`make`), the messages it will send (`messages`), where its changes come
from (`origin`), and the plan kept in a file: its JSON (`document`), its signature (`signing`), its promise (`promise`).
"""

from reconciler.plan.fields import effective_fields, live_fields, references
from reconciler.plan.make import PlanOptions, make_target_plan
from reconciler.plan.messages import Audience, message_for
from reconciler.plan.model import (
    Action,
    Candidate,
    Change,
    Counts,
    Message,
    Origin,
    Pending,
    Plan,
    Reason,
    RefusedResource,
    SecretField,
    TargetPlan,
)

__all__ = [
    "Action",
    "Audience",
    "Candidate",
    "Change",
    "Counts",
    "Message",
    "Origin",
    "Pending",
    "Plan",
    "PlanOptions",
    "Reason",
    "RefusedResource",
    "SecretField",
    "TargetPlan",
    "effective_fields",
    "live_fields",
    "make_target_plan",
    "message_for",
    "references",
]
