"""A provider from a package of its own, found by its entry point: the whole tour, without a word of it in the tool."""

from __future__ import annotations

import importlib.util
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.cli.shell import SLACK, Shell

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "examples" / "third-provider"
PROJECT = """apiVersion: channels.gitops/v1
kind: Project
metadata: {name: acme}
spec:
  manifests: [channels/]
  targets:
    team-board: {provider: board, url: "URL"}
"""
ONCALL = SLACK.replace("spec:\n", "spec:\n  targets: [team-board]\n")
HOOK = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop"


def install(folder: Path) -> None:
    """What an installer leaves of the package's metadata, besides the package itself on the path."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text("utf-8"))["project"]
    info = folder / f"board_provider-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
        for group, points in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("".join(lines))


@pytest.fixture
def board() -> Iterator[Any]:
    spec = importlib.util.spec_from_file_location("board_server", PACKAGE / "board_provider" / "server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    server = module.BoardServer()
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def shell(tmp_path: Path, board: Any) -> Shell:
    install(tmp_path / "installed")
    path = f"{ROOT}:{PACKAGE}:{tmp_path / 'installed'}"
    made = Shell(tmp_path / "project", {"PYTHONPATH": path, "SLACK_URL": HOOK})
    made.write("reconciler.yaml", PROJECT.replace("URL", board.url))
    made.write("channels/oncall.yaml", ONCALL)
    return made


def test_the_whole_tour(shell: Shell, board: Any) -> None:
    assert shell.run("validate").out == "1 manifest, 0 errors.\n"
    assert "board" in json.loads(shell.run("version", "--json").out)["providers"]
    described = json.loads(shell.run("schema", "project").out)["$defs"]["Target"]["allOf"][-1]
    assert described["if"]["properties"]["provider"] == {"const": "board"}
    assert "it takes bearer" in described["then"]["properties"]["auth"]["properties"]["sigv4"]["errorMessage"]
    assert described["then"]["required"] == ["url"]
    planned = shell.run("plan", "--detailed-exitcode")
    assert planned.code == 2, planned.everything
    assert 'SlackChannel "oncall"' in planned.out
    applied = shell.run("apply", "--yes")
    assert applied.code == 0, applied.everything
    assert [room["text"] for room in board.rooms.values()] == ["[acme/oncall]"]
    assert len(board.sent) == 1
    assert shell.run("plan", "--detailed-exitcode").code == 0
    assert shell.run("test", "oncall").code == 0
    assert shell.run("drift").code == 0
    (room,) = board.rooms.values()
    room["name"] = "Renamed by hand"
    assert shell.run("drift").code == 2
    assert "display_name: Renamed by hand" in shell.run("export", "--all").out
    assert shell.run("list").out.count("team-board") == 1
    assert shell.run("users", "oncall").err == "note: team-board: has nothing that uses channels\n"
    assert shell.run("destroy", "--yes").code == 0
    assert board.rooms == {}


def test_a_dead_address_is_rejected(shell: Shell, board: Any) -> None:
    shell.environ["SLACK_URL"] = HOOK.replace("abcdef", "dead")
    assert shell.run("apply", "--yes").code == 5
    assert board.rooms == {}


def test_a_gateways_404_is_not_a_room_that_is_gone(shell: Shell, board: Any) -> None:
    assert shell.run("apply", "--yes").code == 0
    answer = board.answer
    board.answer = lambda method, path, body: (404, {}) if method == "DELETE" else answer(method, path, body)
    destroyed = shell.run("destroy", "--yes")
    assert destroyed.code != 0, destroyed.everything
    assert "answered 404" in destroyed.everything


def test_what_a_board_cannot_hold_is_said_offline(shell: Shell) -> None:
    shell.write("channels/oncall.yaml", ONCALL.replace("On-call", "On-call " * 10))
    long = shell.run("validate")
    assert long.code == 1
    assert "at most 40 characters on a board" in long.everything
    signed = PROJECT.replace("URL", "http://127.0.0.1:1").replace('1"}', '1", auth: {sigv4: {region: x}}}')
    shell.write("reconciler.yaml", signed)
    assert "board takes bearer" in shell.run("validate").everything
    shell.write("reconciler.yaml", PROJECT.replace(', url: "URL"', ""))
    assert "spec.targets.team-board.url: is missing: Board has no usual address; add url" in shell.run("validate").err


def test_without_its_package_the_provider_is_unknown(shell: Shell) -> None:
    shell.environ["PYTHONPATH"] = str(ROOT)
    unknown = shell.run("validate")
    assert unknown.code == 1
    assert "spec.targets.team-board.provider: there is no such provider" in unknown.err
    assert sys.modules.get("board_provider") is None
