"""`spec.operator` of manifests and project files: settings for the operator alone. The command line validates them."""

from __future__ import annotations

from reconciler.model.dataclass import dataclass
from reconciler.model.fields import SWITCH, choice, text, written

ORPHAN, DELETE = "orphan", "delete"
"""What happens to the live object when the custom resource is deleted: it stays, or it is deleted too."""

SHORTEST_TEST_EVERY = 3600.0
"""Seconds: a test is a message to people, so it must not be sent with every reconciliation."""

LONGEST_DELETION_TIMEOUT = 7 * 86_400.0
"""Seconds: a namespace cannot be deleted while a deletion in it is pending."""

_DURATION = text("^[1-9][0-9]{0,8}[smhd]$", "must be a duration, as 90s, 10m, 24h or 7d")
_TEST_EVERY = text(
    "^([1-9][0-9]{0,8}[dh]|([6-9][0-9]|[1-9][0-9]{2,8})m|(3[6-9][0-9]{2}|[4-9][0-9]{3}|[1-9][0-9]{4,8})s)$",
    "must be a duration of at least 1h, as 24h or 7d",
)
_DELETION_TIMEOUT = text(
    "^([1-7]d|([1-9][0-9]?|1[0-5][0-9]|16[0-8])h|([1-9][0-9]{0,3}|100[0-7][0-9]|10080)m|"
    "([1-9][0-9]{0,4}|[1-5][0-9]{5}|60[0-3][0-9]{3}|604[0-7][0-9]{2}|604800)s)$",
    "must be a duration of at most 7d, as 90s, 10m or 24h",
)


@dataclass(frozen=True, slots=True)
class ResourceOperator:
    """How the operator treats this resource. Omitted fields have the project's value."""

    deletion_policy: str | None = written(
        choice(ORPHAN, DELETE),
        "What becomes of the live object when the custom resource is deleted: orphan leaves it. Default: the "
        "project's, else orphan.",
        examples=(DELETE,),
        default=None,
    )
    deletion_timeout: str | None = written(
        _DELETION_TIMEOUT,
        "After this time a deletion that cannot be carried out is given up, and the live object stays. Default: the "
        "project's, else 1h; at most 7d.",
        examples=("1h",),
        default=None,
    )
    suspend: bool = written(SWITCH, "true: nothing of it is written or tested until this is removed.", default=False)
    test_every: str | None = written(
        _TEST_EVERY,
        "How often it is tested again though nothing changed. Default: never, with test.when: always 24h; at least 1h.",
        examples=("7d",),
        default=None,
    )


@dataclass(frozen=True, slots=True)
class ProjectOperator:
    """How the operator treats this project, and its resources that say nothing themselves."""

    deletion_policy: str | None = written(
        choice(ORPHAN, DELETE),
        "What becomes of live objects when their custom resources are deleted: orphan leaves them. Default: orphan.",
        examples=(DELETE,),
        default=None,
    )
    deletion_timeout: str | None = written(
        _DELETION_TIMEOUT,
        "After this time a deletion that cannot be carried out is given up, and the live object stays. Default: 1h; at "
        "most 7d.",
        examples=("1h",),
        default=None,
    )
    interval: str | None = written(
        _DURATION, "How often drift is looked for. Default: 10m, at least 10s.", examples=("10m",), default=None
    )
    suspend: bool = written(
        SWITCH, "true: nothing in the project is written or tested until this is removed.", default=False
    )
    test_every: str | None = written(
        _TEST_EVERY,
        "How often each channel is tested again though nothing changed. Default: never, with test.when: always 24h; at "
        "least 1h.",
        examples=("7d",),
        default=None,
    )
