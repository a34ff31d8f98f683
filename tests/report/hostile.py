"""One plan, one result, tests and drift that hold every action, every kind of value and hostile names, made by hand."""

from __future__ import annotations

from reconciler.apply.results import ChangeResult, RunResult, Status, TargetResult, TestResult
from reconciler.model.evidence import No, Outcome, RecipientDelivery, Tested, Unknown, Yes, unknown
from reconciler.model.gaps import UnknownReason
from reconciler.model.masking import Json
from reconciler.model.resource import Server, VersionSource
from reconciler.plan.changes import (
    Action,
    Candidate,
    Change,
    Message,
    Origin,
    Plan,
    Reason,
    RefusedResource,
    SecretField,
    TargetPlan,
    UnreadTarget,
)
from reconciler.plan.diff import FieldChange

NAMES = (
    "@everyone and #12 and !7",
    "<script>alert(1)</script>",
    "a | b | c",
    "``` fence ````` `x`",
    "two\nlines\r\nand\ttabs",
    "\u202eright to left\u2066 \u200b",
    "**bold** _it_ [link](https://evil.example) ![i](x)",
    "</summary></details><!-- -->",
    "::error::no ##[error]no",
    "🚨 émoji",
)


def secret(reference: str = "") -> Json:
    shown: dict[str, Json] = {"secret": "https://hooks.slack.com/services/T0AAA…/B0BBB…/•••"}
    return shown | ({"reference": reference} if reference else {})


def field(path: str, before: Json, after: Json, **more: bool) -> FieldChange:
    return FieldChange(tuple(path.split(".")), before, after, **more)


CHANGES = (
    Change(
        Action.CREATE,
        "search-prod",
        "WebhookChannel",
        "created",
        "acme_created",
        (Reason.CREATED,),
        (
            field("display_name", None, NAMES[0]),
            field("description", None, NAMES[1]),
            field("enabled", None, False),
            field("headers.X-Hostile", None, {"secret": "•••", "reference": "vault:a/b#c"}),
            field("method", None, "PUT"),
            field("url", None, secret("env:HOOK_URL"), secret=True),
        ),
        notes=(f"note with {NAMES[2]}",),
        unresolved=((("headers", "Authorization"), "env:TOKEN"),),
    ),
    Change(
        Action.UPDATE,
        "search-prod",
        "SlackChannel",
        "updated",
        "acme_updated",
        (Reason.FIELDS_DIFFER, Reason.SECRET_DIFFERS),
        (
            field("display_name", NAMES[3], NAMES[4]),
            field("description", NAMES[5], ""),
            field("webhook_url", secret(), secret("env:SLACK_URL"), secret=True, delivery=True),
            field("enabled", True, False),
        ),
        origin=Origin.DRIFT,
        updated="1700000000000",
    ),
    Change(
        Action.UPDATE,
        "search-prod",
        "EmailGroup",
        "people",
        "acme_people",
        (Reason.FIELDS_DIFFER,),
        (field("recipients", ["a@example.org", "b@example.org"], ["b@example.org", "c@example.org"]),),
        origin=Origin.INTENT,
        updated="2026-11-01T10:00:00Z",
    ),
    Change(
        Action.UPDATE,
        "search-prod",
        "SmtpAccount",
        "relay",
        "acme_relay",
        (Reason.ADOPTED,),
        (field("port", 25, 587), field("host", NAMES[6], "smtp.example.org")),
    ),
    Change(
        Action.REPLACE,
        "search-prod",
        "MattermostChannel",
        "replaced",
        "acme_replaced",
        (Reason.KIND_CHANGED,),
        (field("display_name", None, NAMES[7]),),
        notes=("was a SlackChannel; its id does not exist between delete and create",),
    ),
    Change(
        Action.DELETE,
        "search-prod",
        "ChimeChannel",
        "deleted",
        "acme_deleted",
        (Reason.PRUNED,),
        held="protected: unprotect it first",
    ),
    Change(Action.DELETE, "search-prod", "SnsChannel", "gone", "acme_gone", (Reason.PRUNED,)),
)

PLAN = Plan(
    project="acme-observability",
    owner="acme",
    created_at="2026-11-23T10:00:00+00:00",
    commit="0123456789ab",
    tool_version="0.1.0",
    targets=(
        TargetPlan(
            "search-prod",
            "opensearch",
            Server("OpenSearch", "cluster", "3.6.0", VersionSource.ANSWERS),
            changes=CHANGES,
            messages=(Message(CHANGES[0].key, "created"), Message(CHANGES[3].key, "mail", ("ops@example.org",))),
            candidates=(Candidate("SnsChannel", NAMES[8], "acme_<b>", flags=("protected",)),),
            leftovers=(Candidate("SlackChannel", "oncall", "acme_oncall_canary_1", flags=("canary",)),),
            refusals=(RefusedResource("SlackChannel", "theirs", f"carries another owner's mark: {NAMES[0]}"),),
            unresolved=(SecretField("created", ("headers", "Authorization"), "env:TOKEN"),),
            write_only=(SecretField("hidden", ("headers", "X-Key")),),
            ignored=(("builds", "description"),),
            hints=(f"it was renamed: {NAMES[9]}",),
            notes=(f"a note of the server: {NAMES[1]}",),
            unchanged=12,
            unmanaged=3,
        ),
    ),
    unread=(UnreadTarget("kafka", "confluent", f"the server answered 503: {NAMES[4]}"),),
)

ACCEPTED = Tested(Yes("the receiver accepted the message"))
REFUSED = Tested(
    No(f"refused: {NAMES[1]}"),
    (
        RecipientDelivery("a@example.org", Outcome.ACCEPTED),
        RecipientDelivery("b@example.org", Outcome.REFUSED, NAMES[4]),
    ),
)
SILENT = Tested(Unknown(UnknownReason.NOT_SAID, f"no words: {NAMES[3]}"))

TESTS = [
    TestResult("search-prod", "SlackChannel", "oncall", ACCEPTED, 0.25),
    TestResult("search-prod", "EmailChannel", "mail", REFUSED, 1.5),
    TestResult("search-prod", "SmtpAccount", "relay", Tested(unknown(UnknownReason.INDIRECT)), asked=False),
    TestResult("search-prod", "WebhookChannel", "hook", SILENT, 0.5),
]

RESULT = RunResult(
    (
        TargetResult(
            "search-prod",
            results=tuple(
                ChangeResult(
                    change,
                    status,
                    f"reason: {NAMES[number]}",
                    (ACCEPTED, REFUSED, SILENT, None)[number % 4],
                    fix="reconciler apply --only updated" if status is Status.STRANDED else "",
                )
                for number, (status, change) in enumerate(zip(Status, (*CHANGES, *CHANGES), strict=False))
            ),
            tests=tuple(TESTS),
            overwritten=(f"{NAMES[2]} was changed by somebody else",),
            notes=(f"removed {NAMES[5]}",),
            refused=1,
        ),
    ),
    (UnreadTarget("kafka", "confluent", f"503 {NAMES[4]}"),),
)
