"""What is not ours stays as it is. The last of the checks, since it also looks at what all others left alone."""

from __future__ import annotations

from tests.apply.test_all_kinds import all_applied
from tests.live.check_applies import QUIET, QUIET_PRUNE
from tests.live.check_drift import GROUP
from tests.live.cluster import ID_START
from tests.live.run import LiveRuns, Run


def group(description: str) -> dict[str, object]:
    members = {"recipient_list": [{"recipient": "a@example.org"}]}
    return {"name": "Somebody's team", "description": description, "config_type": "email_group", "email_group": members}


def test_unmanaged_objects_are_counted_and_survive_a_prune(runs: LiveRuns) -> None:
    ids = (f"{runs.owner}-unmarked", f"{runs.owner}-marked")
    for object_id, description in zip(ids, ("Somebody's", f"Somebody's [{runs.owner}-other/team]"), strict=True):
        runs.cluster.create(object_id, group(description))
    runs.cluster.wait_until_listed(ids)
    before = [runs.cluster.read(object_id) for object_id in ids]
    all_applied(runs.apply([GROUP], QUIET))
    plan = runs.plan([GROUP], QUIET)
    assert min(plan.unmanaged, plan.others) >= 1
    runs.cluster.wait_until_listed([runs.key("team")])
    all_applied(runs.apply([], QUIET_PRUNE))
    assert runs.is_gone("team")
    assert [runs.cluster.read(object_id) for object_id in ids] == before


def test_an_object_with_our_id_and_another_owners_mark_is_refused(runs: LiveRuns) -> None:
    runs.cluster.create(runs.key("team"), group(f"Somebody's [{runs.owner}-other/team]"))
    runs.cluster.wait_until_listed([runs.key("team")])
    before = runs.cluster.read(runs.key("team"))
    (refusal,) = runs.plan([GROUP], QUIET).refusals
    assert "another owner's mark" in refusal.message
    assert runs.apply([GROUP], QUIET).exit_code == 1
    assert runs.cluster.read(runs.key("team")) == before


def test_all_that_was_there_before_this_run_is_there_unchanged(run: Run) -> None:
    """On a cluster that others change meanwhile this names what they changed."""
    now = run.cluster.listed()
    ours = {object_id for object_id in run.before if object_id.startswith(ID_START)}  # other runs' come and go
    changed = {object_id for object_id in run.before.keys() - ours if now.get(object_id) != run.before[object_id]}
    assert changed == set()
