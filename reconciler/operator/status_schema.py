"""What the operator writes into the status of custom resources, as structural schemas.

Words that a later version may add to are texts without an enum, so that an operator can be newer than its definitions.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def _text(about: str) -> Schema:
    return {"type": "string", "description": about}


def _time(about: str) -> Schema:
    return {"type": "string", "format": "date-time", "description": about}


def _number(about: str) -> Schema:
    return {"type": "integer", "format": "int64", "description": about}


def _switch(about: str) -> Schema:
    return {"type": "boolean", "description": about}


def _object(about: str, **fields: Schema) -> Schema:
    return {"type": "object", "description": about, "properties": fields}


def _map_by(key: str, about: str, entry: Schema) -> Schema:
    return {
        "type": "array",
        "description": about,
        "items": {**entry, "required": [key]},
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": [key],
    }


_GENERATION = _number("The generation of the object that this is about.")
_CONDITION: Schema = {
    **_object(
        "One condition.",
        type=_text("Ready, Reconciling, Stalled, Verified or Drifted."),
        status={"type": "string", "enum": ["True", "False", "Unknown"], "description": "Whether the condition holds."},
        reason=_text("Why, in one word."),
        message=_text("Why, and what to do; never a secret."),
        lastTransitionTime=_time("When the status last changed."),
        observedGeneration=_GENERATION,
    ),
}
_CONDITIONS: Schema = _map_by("type", "The conditions of the object.", _CONDITION)
_CONDITIONS["items"]["required"] = ["type", "status", "reason", "message", "lastTransitionTime"]
_COMMON: Schema = {
    "observedGeneration": _GENERATION,
    "conditions": _CONDITIONS,
    "target": _text("The names of the targets, as one text."),
    "lastHandledRequestedAt": _text("The value of the annotation channels.gitops/requested-at that was handled last."),
}
_OUTCOME = _text("What the last test message showed.")
_STATE = "True, False or Unknown: "
_RESOURCE_TARGET = _object(
    "The resource on one target.",
    name=_text("The target."),
    id=_text("The id of the live object there."),
    applied=_switch("Whether this generation is live there."),
    reason=_text("The outcome there, in one word."),
    message=_text("The outcome there, and what to do; never a secret."),
    stalled=_switch("Whether it is retried only when something changes."),
    observedGeneration=_GENERATION,
    projectGeneration=_number("The generation of the Project at that time."),
    requestedAt=_text("The requests to reconcile now that were handled."),
    testRequestedAt=_text("The request for a test message that was handled."),
    secrets={
        "type": "object",
        "description": "The versions of the Secrets that were used, by name. Their values are not kept.",
        "additionalProperties": {"type": "string"},
    },
    verified=_text(_STATE + "whether a test message went through with the present values."),
    verifiedReason=_text("Why, in one word."),
    verifiedMessage=_text("Why; never a secret."),
    drifted=_text(_STATE + "whether the live object differs though nothing was changed here."),
    driftedMessage=_text("How it differs; never a secret."),
    lastTestTime=_time("When the last test message was sent there."),
    lastTestOutcome=_OUTCOME,
)
_PROJECT_TARGET = _object(
    "One target.",
    name=_text("The target."),
    readable=_switch("Whether it could be read."),
    message=_text("Why not, and what to do; never a secret."),
    identity=_text("The id of the system: that of its cluster or organisation, or its address."),
    plan=_text("The last line of the last plan."),
    overwritten=_number("How many times in a row somebody else overwrote the changes made there."),
)
_COUNTS = _object(
    "How many resources the project has.",
    total=_number("All of them."),
    ready=_number("Those that are ready."),
    verified=_number("Those whose last test message went through."),
    drifted=_number("Those that have drifted."),
)

RESOURCE_STATUS: Schema = _object(
    "What the operator knows about it.",
    **_COMMON,
    lastHandledTestRequestedAt=_text(
        "The value of the annotation channels.gitops/test-requested-at that was handled last."
    ),
    lastTestTime=_time("When the last test message was sent."),
    lastTestOutcome=_OUTCOME,
    targets=_map_by("name", "The resource on each of its targets.", _RESOURCE_TARGET),
)
PROJECT_STATUS: Schema = _object(
    "What the operator knows about the project.",
    **_COMMON,
    resources=_COUNTS,
    targets=_map_by("name", "Each of its targets.", _PROJECT_TARGET),
)
