"""The table of notification types: what there is, and where each goes."""

from __future__ import annotations

import json

from reconciler.model.provider import NotificationType
from reconciler.model.resource import LiveObject
from reconciler.plan.match import match_live
from reconciler.report.types_text import render_types, type_rows, types_document
from tests.plan.builders import OWNERSHIP, live

TYPES = (
    NotificationType("nt-1", "Connector failed", "SERVICE", "RECOMMENDED"),
    NotificationType("nt-2", "Quota reached", "ACCOUNT", "REQUIRED", required=True),
    NotificationType("nt-3", "Cluster link failed", "SERVICE", "OPTIONAL", in_plan=False),
    NotificationType("nt-4", ""),
    NotificationType("nt-5", "evil\n\x1b[2J"),
)
OBJECTS = (
    LiveObject("i-0", None, {"display_name": "Admins"}, "RoleEmail", read_only=True, alias="role:OrganizationAdmin"),
    live("SlackChannel", "i-1", "Ours [acme/oncall]"),
    live("SlackChannel", "i-2", "Nobody's", display_name="Their pager"),
    live("Subscription", "s-1", notification_type="Connector failed", channels=frozenset(("i-0", "i-1", "i-2", "i-9"))),
    live("Subscription", "s-2", notification_type="Quota reached", channels=frozenset(("i-0",)), state="DISABLED"),
    live("Subscription", "s-4", notification_type="nt-4", channels=frozenset(("i-1",))),
)
ROWS = list(type_rows("kafka", TYPES, match_live([], OBJECTS, OWNERSHIP)))


def test_each_type_says_where_it_goes() -> None:
    routed = {row.id: (row.routed_to, row.enabled) for row in ROWS}
    assert routed == {
        "nt-1": (("Their pager", "i-9", "oncall", "role:OrganizationAdmin"), True),
        "nt-2": (("role:OrganizationAdmin",), False),
        "nt-3": ((), None),
        "nt-4": (("oncall",), True),
        "nt-5": ((), None),
    }


def test_the_table_is_sorted_and_shows_nothing_that_is_not_printable() -> None:
    text = render_types(ROWS)
    assert [line.split("  ")[0] for line in text.splitlines()] == [
        "NAME",
        "nt-4",
        "Cluster link failed",
        "Connector failed",
        "Quota reached",
        "evil\\n\\u001b[2J",
    ]
    assert "role:OrganizationAdmin (disabled)" in text
    assert text.isascii()
    assert "\x1b" not in text
    (unpaid,) = (line.split() for line in text.splitlines() if line.startswith("Cluster link"))
    assert unpaid[3:] == ["nt-3", "SERVICE", "OPTIONAL", "no", "no", "kafka", "-"]


def test_machines_get_the_same_rows() -> None:
    document = json.loads(json.dumps(types_document(reversed(ROWS))))
    assert [row["id"] for row in document] == ["nt-4", "nt-3", "nt-1", "nt-2", "nt-5"]
    assert document[3] == {
        "target": "kafka",
        "name": "Quota reached",
        "id": "nt-2",
        "category": "ACCOUNT",
        "priority": "REQUIRED",
        "in_plan": True,
        "required": True,
        "routed_to": ["role:OrganizationAdmin"],
        "enabled": False,
    }
