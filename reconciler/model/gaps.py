"""Every reason for an unknown outcome: what the tool then says, how to find out, and how the run ends.

The table is the source of the page docs/evidence.md, and a test walks it through every report and exit code.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from reconciler.model.dataclass import dataclass


class UnknownReason(StrEnum):
    """Why an outcome is unknown."""

    NOT_SAID = "not-said"
    TIMED_OUT = "timed-out"
    CUT_OFF = "cut-off"
    NO_RESULT = "no-result"
    NOT_SENT = "not-sent"
    INTERRUPTED = "interrupted"
    DISABLED = "disabled"
    INDIRECT = "indirect"
    UNUSED = "unused"
    UNTESTABLE = "untestable"
    ADDRESS_HIDDEN = "address-hidden"
    ADDRESS_DIFFERS = "address-differs"
    NOT_DUE = "not-due"
    UNRESOLVED = "unresolved"
    WRITE_ONLY = "write-only"
    IGNORED = "ignored"
    TARGET_UNREAD = "target-unread"
    LIST_INCOMPLETE = "list-incomplete"
    OBJECT_HIDDEN = "object-hidden"
    VERSION_UNKNOWN = "version-unknown"
    NOTHING_SELECTED = "nothing-selected"
    USERS_NO_PLUGIN = "users-no-plugin"
    USERS_FORBIDDEN = "users-forbidden"
    USERS_FILTERED = "users-filtered"
    USERS_CUT_OFF = "users-cut-off"
    USERS_UNREAD = "users-unread"
    USERS_NOT_ASKED = "users-not-asked"


class About(StrEnum):
    """What could not be established."""

    TEST = "test"
    COMPARISON = "comparison"
    READING = "reading"
    VERSION = "version"
    SELECTION = "selection"
    USERS = "users"


@dataclass(frozen=True, slots=True)
class Gap:
    """One reason for an unknown outcome: `says` is what the tool then says, `evidence` how to find out.

    `exits` gives the exit code by verb for a run in which nothing else went wrong, without verbs to which it cannot
    happen. `stands`: a change may be kept without this test. `fails`: `test` counts it as failed, since a message was
    sent and is not known to have arrived. `sent`: a message was sent, or may have been.
    """

    about: About
    when: str
    says: str
    evidence: str
    exits: Mapping[str, int]
    stands: bool = False
    fails: bool = False
    sent: bool = False


_RETRY = "look at the receiver, then test again"
_DUE_AND_LOST: Mapping[str, int] = {"apply": 5, "test": 6}
_NOT_TESTED: Mapping[str, int] = {"apply": 0, "test": 7}
_USERS: Mapping[str, int] = {"plan": 0, "users": 7, "list --users": 7}

GAPS: Mapping[UnknownReason, Gap] = {
    UnknownReason.NOT_SAID: Gap(
        About.TEST,
        "the server is older than 3.0, and the receiver's words are not among those we know",
        "this server does not say",
        "upgrade the server, or look at the receiver",
        _NOT_TESTED,
        stands=True,
        sent=True,
    ),
    UnknownReason.TIMED_OUT: Gap(
        About.TEST,
        "the test got no answer within test_timeout_seconds",
        "no answer in time (test_timeout_seconds): it may or may not have arrived",
        _RETRY,
        _DUE_AND_LOST,
        fails=True,
        sent=True,
    ),
    UnknownReason.CUT_OFF: Gap(
        About.TEST,
        "the connection broke during the test",
        "the connection broke: it may or may not have arrived",
        _RETRY,
        _DUE_AND_LOST,
        fails=True,
        sent=True,
    ),
    UnknownReason.NO_RESULT: Gap(
        About.TEST,
        "the target answered the test without a result",
        "the target gave no result: it may or may not have arrived",
        _RETRY,
        _DUE_AND_LOST,
        fails=True,
        sent=True,
    ),
    UnknownReason.NOT_SENT: Gap(
        About.TEST,
        "the target refused to send the test (a right is missing), or could not be asked to",
        "the test could not be sent",
        "reconciler doctor --for test says which right is missing",
        {"apply": 5, "test": 1},
    ),
    UnknownReason.INTERRUPTED: Gap(
        About.TEST,
        "the run was interrupted during the test",
        "interrupted before the answer came: it may or may not have arrived",
        "run it again",
        {"apply": 130, "test": 130},
        fails=True,
        sent=True,
    ),
    UnknownReason.DISABLED: Gap(
        About.TEST,
        "the channel is disabled",
        "a disabled channel cannot be tested",
        "enable it: the next apply tests it",
        _NOT_TESTED,
        stands=True,
    ),
    UnknownReason.INDIRECT: Gap(
        About.TEST,
        "an account or group, which only email channels can test",
        "an account or group is tested through the channels that use it",
        "test the channels that use it",
        _NOT_TESTED,
        stands=True,
    ),
    UnknownReason.UNUSED: Gap(
        About.TEST,
        "an account or group changed that no enabled email channel uses",
        "no enabled email channel uses it, so it cannot be tested",
        "let an email channel use it",
        {"apply": 0},
        stands=True,
    ),
    UnknownReason.UNTESTABLE: Gap(
        About.TEST,
        "the target cannot test this object",
        "the target cannot test it",
        "none through this target",
        _NOT_TESTED,
        stands=True,
    ),
    UnknownReason.ADDRESS_HIDDEN: Gap(
        About.TEST,
        "the target does not give the address back, and the manifest has none",
        "the target does not give the address back, and the manifest has none",
        "write a secret reference instead of live",
        _NOT_TESTED,
        stands=True,
    ),
    UnknownReason.ADDRESS_DIFFERS: Gap(
        About.TEST,
        "the target masks the live address, and what it shows of it is not the manifest's",
        "the live address is masked, and certainly not that of the manifest",
        "apply, which tests the manifest's address before it writes it",
        {"apply": 5, "test": 7},
    ),
    UnknownReason.NOT_DUE: Gap(
        About.TEST,
        "test.when is never, or the change affects no delivery",
        "no test is due",
        "reconciler test NAME",
        {"apply": 0, "test": 0},
        stands=True,
    ),
    UnknownReason.UNRESOLVED: Gap(
        About.COMPARISON,
        "a secret cannot be read where the plan is made",
        "resolved at apply",
        "plan where the secret can be read, or with --strict",
        {"plan": 0, "plan --detailed-exitcode": 2, "drift": 7, "apply": 1},
    ),
    UnknownReason.WRITE_ONLY: Gap(
        About.COMPARISON,
        "the target gives a field back masked, or not at all",
        "write-only, so not compared",
        "apply --rewrite-secrets writes it again",
        {"plan": 0, "drift": 7, "apply": 0},
    ),
    UnknownReason.IGNORED: Gap(
        About.COMPARISON,
        "the manifest ignores the field",
        "ignored",
        "remove it from the manifest's ignore",
        {"plan": 0, "drift": 0, "apply": 0},
    ),
    UnknownReason.TARGET_UNREAD: Gap(
        About.READING,
        "a target cannot be read",
        "could not be read",
        "reconciler doctor",
        {"plan": 1, "drift": 1, "apply": 1, "test": 1, "list": 1},
    ),
    UnknownReason.LIST_INCOMPLETE: Gap(
        About.READING,
        "the target's list leaves something out",
        "the server cannot read",
        "have an administrator remove what the message names",
        {"plan": 0, "drift": 0, "apply": 0, "test": 7, "list": 0},
    ),
    UnknownReason.OBJECT_HIDDEN: Gap(
        About.READING,
        "an id is taken by an object that our roles may not see",
        "your roles may not see",
        "use a user that shares a backend role with it, or another id",
        {"plan": 0, "apply": 4, "test": 7},
    ),
    UnknownReason.VERSION_UNKNOWN: Gap(
        About.VERSION,
        "no answer names the server's version, nor does the project file",
        "the version is unknown",
        "set targets.X.version, or grant cluster:monitor/main",
        {"plan": 0, "drift": 0, "apply": 0},
    ),
    UnknownReason.NOTHING_SELECTED: Gap(
        About.SELECTION,
        "what was chosen holds no channel that can be tested",
        "there is no channel to test",
        "name a channel",
        {"test": 7},
    ),
    UnknownReason.USERS_NO_PLUGIN: Gap(
        About.USERS,
        "the Alerting plugin does not answer on the target",
        "Alerting is not installed there",
        "ask whoever runs the cluster what sends through its channels",
        _USERS,
    ),
    UnknownReason.USERS_FORBIDDEN: Gap(
        About.USERS,
        "the credentials may not search monitors",
        "your user may not search monitors",
        "grant cluster:admin/opendistro/alerting/monitor/search (docs/permissions.md)",
        _USERS,
    ),
    UnknownReason.USERS_FILTERED: Gap(
        About.USERS,
        "Alerting may filter by backend roles: filtering is on, or we may not read whether it is",
        "role filtering may hide monitors and workflows",
        "use a user that sees all; where it is off, grant cluster:monitor/state, so that this can be read",
        _USERS,
    ),
    UnknownReason.USERS_CUT_OFF: Gap(
        About.USERS,
        "there are more monitors and workflows than one search returns",
        "there are more monitors than one search returns",
        "look in Alerting itself, by the channel's id",
        _USERS,
    ),
    UnknownReason.USERS_UNREAD: Gap(
        About.USERS,
        "the search fails, or its answer cannot be read",
        "the monitors could not be read",
        "reconciler doctor",
        _USERS,
    ),
    UnknownReason.USERS_NOT_ASKED: Gap(
        About.USERS,
        "the plan is of a snapshot, which holds no users",
        "a snapshot does not hold who uses a channel",
        "plan against the target itself",
        {"plan": 0},
    ),
}
