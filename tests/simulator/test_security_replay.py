"""What a real node with the security plugin answered to all sorts of users, played against the simulator in order."""

from __future__ import annotations

from tests.simulator.secured_replay import FULL, NOTIFICATIONS, READ, secured, user
from tests.simulator.settling import load_exchanges

NOT_PLAYED = "favicon"  # an image; a recording as text does not hold its bytes
ROLES = {
    "getter": [f"{NOTIFICATIONS}/configs/get"],
    "planner": [f"{NOTIFICATIONS}/configs/get", "cluster:monitor/main"],
    "monitoring": ["cluster_monitor", f"{NOTIFICATIONS}/features"],
    "composite": ["cluster_composite_ops_ro"],
    "writer": [f"{NOTIFICATIONS}/configs/*"],
    "tester": [f"{NOTIFICATIONS}/configs/get", f"{NOTIFICATIONS}/test_notification"],
}
USERS = {
    "admin": user(backend_roles=("admin",)),
    "notif": user(FULL),
    "reader": user(READ),
    "getter": user("getter"),
    "nothing": user(),
    "facts_plan": user("planner"),
    "facts_mon": user("monitoring"),
    "facts_kibana": user("composite"),
    "facts_writer": user("writer"),
    "facts_tester": user("tester"),
    "facts_none": user(FULL),
    "facts_a": user(FULL, backend_roles=("team-a",)),
    "facts_b": user(FULL, backend_roles=("team-b",)),
    "facts_ab": user(FULL, backend_roles=("team-a", "team-b")),
}


def test_every_exchange_with_the_security_plugin_comes_out_as_on_the_real_node() -> None:
    exchanges = [one for one in load_exchanges("opensearch-security-3.6.0") if NOT_PLAYED not in one["label"]]
    differing = {}
    with secured(USERS, ROLES) as replay:
        replay.simulator.clock.stop()
        config = {
            "name": "facts_have",
            "config_type": "webhook",
            "webhook": {"url": f"{replay.receiver.url}/hooks/x", "header_params": {}, "method": "POST"},
        }
        replay.simulator.seed([{"config_id": "facts_have", "config": config, "access": ["admin"]}])
        for exchange in exchanges:
            if exchange["label"].startswith("filtering off again"):
                replay.simulator.node.settings.set("opensearch.notifications.general.filter_by_backend_roles", None)
            if "after block_expiry_seconds" in exchange["label"]:
                replay.simulator.clock.advance(5.5)
            then, now = replay.play(exchange)
            if then != now:
                differing[exchange["label"]] = (then, now)

    assert len(exchanges) == 377
    assert differing == {}
