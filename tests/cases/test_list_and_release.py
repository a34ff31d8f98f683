"""`list` claims no test that nobody made, and shows what is not ours; `release` takes the mark off and nothing else."""

from __future__ import annotations

import json

import pytest

from tests.cases.projects import CONFIGS, Project, manifest, slack

HOOK = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/byhand"


def by_hand(project: Project, object_id: str, description: str) -> None:
    config = {"name": object_id, "description": description, "config_type": "slack", "slack": {"url": HOOK}}
    project.call("POST", CONFIGS, {"config_id": object_id, "config": config})


def rows_of(project: Project, *flags: str) -> dict[str, list[tuple[str, str]]]:
    document = json.loads(project.run("list", "--json", *flags).out)
    assert document["errors"] == document["incomplete"] == {}
    groups = {group: rows for group, rows in document.items() if isinstance(rows, list)}
    return {group: [(row["id"], row["state"]) for row in rows] for group, rows in groups.items()}


def test_what_was_never_tested_is_not_called_verified(opensearch: Project) -> None:
    group = manifest("EmailGroup", "people", recipients=["a@example.org"])
    opensearch.keep(slack("never", test={"when": "never"}), slack("muted", enabled=False), slack("tested"), group)
    assert opensearch.run("apply", "--yes").code == 0
    table = opensearch.run("list").out
    assert table.splitlines()[0].split() == ["NAME", "KIND", "TARGET", "ID", "ENABLED", "STATE"]
    assert "verified" not in table.replace("unverified", "")
    states = dict(rows_of(opensearch)["owned"])
    assert states == {"acme_never": "-", "acme_muted": "unverified", "acme_tested": "-", "acme_people": "-"}


def test_all_shows_what_is_not_ours_and_whose_it_is(both: Project) -> None:
    assert both.run("apply", "--yes").code == 0
    by_hand(both, "plain", "")
    by_hand(both, "theirs", "Pages others [other-team/pager]")
    assert set(rows_of(both)) == {"owned"}
    rows = rows_of(both, "--all", "--target", "search")
    assert {group: [row[0] for row in found] for group, found in rows.items()} == {
        "owned": ["acme_oncall"],
        "unmanaged": ["plain"],
        "others": ["theirs"],
    }
    table = both.run("list", "--all").out
    assert [line.split()[-1] for line in table.splitlines() if "theirs" in line or "pager" in line] == ["other-team"]
    assert "2 more objects" in both.run("list", "--target", "search").err


def test_a_target_that_cannot_disable_claims_nothing(both: Project) -> None:
    assert both.run("apply", "--yes").code == 0
    owned = json.loads(both.run("list", "--json").out)["owned"]
    assert {row["target"]: row["enabled"] for row in owned} == {"search": True, "kafka": None}


def test_a_release_takes_the_mark_off_and_leaves_the_object_as_it_is(both: Project) -> None:
    both.keep(slack("oncall", description="Pages us"), slack("other"))
    assert both.run("apply", "--yes").code == 0
    before, sent = both.config("acme_oncall"), both.sent()
    done = both.run("release", "oncall", "--yes")
    assert done.code == 0, done.everything
    assert "a manifest names oncall: remove it" in done.err
    assert both.config("acme_oncall") == {**before, "description": "Pages us"}
    assert sorted(item["description"] for item in both.integrations()) == ["Pages us", "[acme/other]"]
    assert both.sent() == sent
    again = both.run("plan").out  # as the note says: taken over again by its id, held where there is none to go by
    assert '~ SlackChannel "oncall"  (mark lost)  id acme_oncall' in again
    assert again.count("held: an unmanaged object looks like this one") == 1
    both.keep(slack("other"))
    assert "prune candidate" not in both.run("plan").out
    assert "acme_oncall" not in both.run("list").out


def test_one_of_two_of_a_name_is_released_by_its_id(opensearch: Project) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    by_hand(opensearch, "copy", "a copy [acme/oncall]")
    assert opensearch.run("release", "oncall@copy", "--yes").code == 0
    assert opensearch.config("copy")["description"] == "a copy"
    assert opensearch.config("acme_oncall")["description"] == "[acme/oncall]"


@pytest.mark.parametrize("name", ["oncal", "oncall@nobody"])
def test_a_name_that_nothing_has_is_an_error(opensearch: Project, name: str) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    done = opensearch.run("release", name, "--yes")
    assert done.code == 1
    assert f"{name}: nothing live carries this project's mark under that name; did you mean oncall?" in done.err
    assert opensearch.config("acme_oncall")["description"] == "[acme/oncall]"


def test_what_is_not_ours_is_never_released(opensearch: Project) -> None:
    by_hand(opensearch, "theirs", "[other-team/pager]")
    assert opensearch.run("release", "pager", "--yes").code == 1
    assert opensearch.config("theirs")["description"] == "[other-team/pager]"


def test_without_a_terminal_a_release_asks_for_its_flag(opensearch: Project) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    assert opensearch.run("release", "oncall").code == 64
    assert opensearch.config("acme_oncall")["description"] == "[acme/oncall]"


def test_a_list_can_be_narrowed_to_names_and_one_that_nothing_has_is_an_error(both: Project) -> None:
    both.keep(slack("oncall"), slack("builds", display_name="Builds"))
    assert both.run("apply", "--yes").code == 0
    done = both.run("list", "--only", "on*", "--json")
    assert [(row["name"], row["target"]) for row in json.loads(done.out)["owned"]] == [
        ("oncall", "kafka"),
        ("oncall", "search"),
    ]
    wrong = both.run("list", "--only", "oncal")
    assert (wrong.code, "--only oncal: nothing has this name; did you mean oncall?" in wrong.err) == (1, True)


def test_list_selects_by_the_labels_of_manifests(both: Project) -> None:
    """Whatever way a manifest names its object: by mark, a former name, or `spec.id`; and copies of its mark."""
    both.keep(labelled(slack("oncall"), "ops"), labelled(slack("pager"), "payments"))
    assert both.run("apply", "--yes").code == 0
    by_hand(both, "pinned", "")
    by_hand(both, "copy", "A copy [acme/pager]")
    by_hand(both, "theirs", "[other-team/pager]")
    both.keep(
        labelled(slack("oncall"), "ops"),
        labelled(slack("pager-now", renamed_from="pager"), "payments"),
        labelled(slack("pinned-here", id="pinned", targets=["search"]), "payments"),
    )
    rows = rows_of(both, "--select", "team=payments", "--all", "--target", "search")
    assert {group: [row[0] for row in found] for group, found in rows.items()} == {
        "owned": ["acme_pager", "copy"],
        "unmanaged": ["pinned"],
        "others": [],
    }
    chosen = both.run("list", "--select", "team=payments", "--exclude", "pager", "--target", "kafka")
    assert (chosen.code, chosen.out) == (0, "")
    assert "none of the selected objects is owned" in chosen.err
    table = both.run("list", "--select", "team=ops").out.splitlines()
    assert [line.split()[2] for line in table[1:]] == ["kafka", "search"]
    assert len(rows_of(both, "--exclude", "oncall")["owned"]) == 3


def test_a_selection_that_nobody_can_make_is_an_error(opensearch: Project) -> None:
    opensearch.keep(labelled(slack("oncall"), "ops"))

    def says(*flags: str) -> tuple[int, str]:
        done = opensearch.run("list", *flags)
        return done.code, done.err

    code, words = says("--select", "team=nobody")
    assert (code, "no manifest has this label" in words) == (1, True)
    code, words = says("--exclude", "nobody")
    assert (code, "nothing has this name" in words) == (1, True)
    code, words = says("--select", "team=ops", "--exclude", "nobody")
    assert (code, "nothing has this name" in words) == (1, True), "a slip of the pen would show more than was meant"
    code, words = says("--types", "--select", "team=ops")
    assert (code, "cannot be combined with" in words) == (64, True)
    opensearch.write("channels/broken.yaml", "kind: SlackChannel\napiVersion: channels.gitops/v1\n")
    code, words = says("--select", "team=ops")
    assert (code, "broken.yaml" in words) == (1, True)
    assert says()[0] == 0, "without a label no manifest is read"
    opensearch.keep()
    (opensearch.folder / "channels/broken.yaml").unlink(missing_ok=True)
    code, words = says("--select", "team=ops")
    assert (code, "labels are in manifests, and there are none" in words) == (1, True)


def labelled(text: str, team: str) -> str:
    document = json.loads(text)
    document["metadata"]["labels"] = {"team": team}
    return json.dumps(document)
