"""What the author of a pull request controls, and what `--base` keeps from them: credentials, secrets and the machine.

Each test is an attack: the base is what was reviewed and merged, the work tree is the attacker's.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from reconciler.simulator import Simulator
from tests.cli.shell import Done
from tests.engine.projects import SLACK, Project

VERBS = ("plan", "drift")
PASSWORD = "planted-password-of-the-job"


@pytest.fixture
def thief(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A system of the attacker's, which sees what it is sent."""
    with Simulator(cluster_id="thief") as simulator:
        yield simulator


def program(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def commit_base(project: Project) -> None:
    project.git("init", "-q", "-b", "main")
    project.commit("reviewed")


def auth() -> dict[str, Any]:
    return {"basic": {"username": {"env": "OS_USER"}, "password": {"env": "OS_PASSWORD"}}}


@pytest.fixture
def guarded(project: Project) -> Project:
    """A project whose target takes credentials from the job's environment; the first commit is `main`."""
    project.environ |= {"OS_USER": "ci", "OS_PASSWORD": PASSWORD}
    targets = {"search": {"provider": "opensearch", "url": project.simulators["search"].url, "auth": auth()}}
    project.write_project(targets=targets)
    project.slack("oncall")
    commit_base(project)
    return project


def sent_to(simulator: Simulator) -> int:
    return len(simulator.requests)


def steal(project: Project, thief: Simulator, name: str = "reconciler.yaml") -> None:
    """A project file under `name` that sends the credentials to the thief."""
    config = json.loads(json.dumps(project.config))
    config["spec"]["targets"]["search"]["url"] = thief.url
    path = project.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config))


@pytest.mark.parametrize("verb", VERBS)
def test_a_changed_address_gets_no_credentials(guarded: Project, thief: Simulator, verb: str) -> None:
    steal(guarded, thief)
    done = guarded.run(verb, "--base", "main")
    assert "spec.targets.search differs from main" in done.everything
    assert sent_to(thief) == 0
    assert sent_to(guarded.simulators["search"]) > 0


@pytest.mark.parametrize("verb", VERBS)
def test_a_project_file_that_is_a_link_to_another_of_the_checkout_is_held_to_its_own_path(
    guarded: Project, thief: Simulator, verb: str
) -> None:
    steal(guarded, thief, "evil/reconciler.yaml")
    (guarded.root / "reconciler.yaml").unlink()
    (guarded.root / "reconciler.yaml").symlink_to("evil/reconciler.yaml")
    guarded.git("checkout", "-q", "-b", "proposal")
    guarded.commit("proposal")
    shutil.copytree(guarded.root / "channels", guarded.root / "evil" / "channels")
    for arguments in ([], ["-c", "reconciler.yaml"]):
        done = guarded.run(verb, *arguments, "--base", "main")
        assert "spec.targets.search differs from main" in done.everything
    assert sent_to(thief) == 0
    guarded.run(verb)
    assert sent_to(thief) > 0, "the thief can be reached, so that none of this is by chance"


@pytest.mark.parametrize("verb", VERBS)
def test_a_project_folder_that_becomes_a_submodule_is_refused(
    guarded: Project, thief: Simulator, verb: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    evil = tmp_path_factory.mktemp("evil")
    steal(guarded, thief, str(evil / "reconciler.yaml"))
    for arguments in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "evil")):
        guarded.git("-C", str(evil), *arguments)
    guarded.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(evil), "proj")
    done = guarded.run_in(guarded.root / "proj", verb, "--base", "main")
    assert done.code == 1
    assert "is a submodule of" in done.err
    assert sent_to(thief) == 0


def test_a_project_folder_that_becomes_a_link_into_another_is_refused_where_the_shell_says_so(
    guarded: Project, thief: Simulator
) -> None:
    steal(guarded, thief, "evil/reconciler.yaml")
    shutil.copytree(guarded.root / "channels", guarded.root / "evil" / "channels")
    (guarded.root / "proj").symlink_to("evil")
    done = guarded.run_in(guarded.root / "proj", "plan", "--base", "main", PWD=str(guarded.root / "proj"))
    assert done.code == 1
    assert "is a symbolic link: run the command in the folder itself" in done.err
    named = guarded.run("plan", "-c", "proj/reconciler.yaml", "--base", "main")
    assert named.code == 0
    assert "nothing to compare with yet" in named.err
    assert sent_to(thief) == 0


@pytest.mark.parametrize("from_inside", [True, False])
@pytest.mark.parametrize("verb", VERBS)
def test_a_folder_that_git_takes_for_a_repository_is_not_one(
    guarded: Project, thief: Simulator, verb: str, from_inside: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    proj = guarded.root / "proj"
    proj.mkdir()
    for name in ("reconciler.yaml", "channels"):
        shutil.move(guarded.root / name, proj / name)
    base = guarded.commit("moved, reviewed")
    steal(guarded, thief, "proj/reconciler.yaml")
    bare = tmp_path_factory.mktemp("bare") / "evil.git"
    evil = tmp_path_factory.mktemp("evil")
    shutil.copytree(proj, evil / "proj")
    for arguments in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "evil")):
        guarded.git("-C", str(evil), *arguments)
    guarded.git("clone", "-q", "--bare", str(evil), str(bare))
    for name in ("HEAD", "config", "objects", "refs"):
        shutil.move(bare / name, proj / name)
    ran = guarded.root.parent / "ran"
    (proj / "config").write_text(f"[core]\n\tbare = false\n\tworktree = ..\n\tfsmonitor = touch {ran}\n")
    if from_inside:
        done = guarded.run_in(proj, verb, "--base", base)
    else:
        done = guarded.run(verb, "-c", "proj/reconciler.yaml", "--base", base)
    assert sent_to(thief) == 0, done.everything
    assert sent_to(guarded.simulators["search"]) > 0, done.everything
    assert not ran.exists()


def test_a_tag_named_as_the_protected_branch_is_refused(guarded: Project, thief: Simulator) -> None:
    guarded.git("update-ref", "refs/remotes/origin/main", "HEAD")
    steal(guarded, thief)
    guarded.commit("evil")
    guarded.git("update-ref", "refs/tags/origin/main", "HEAD")
    done = guarded.run("plan", "--base", "origin/main")
    assert done.code == 1
    assert "write one of these, or the full hash" in done.err
    assert guarded.run("plan", "--base", "refs/remotes/origin/main").code == 0
    assert sent_to(thief) == 0


def test_attributes_and_filters_of_the_checkout_run_nothing(guarded: Project) -> None:
    ran = guarded.root.parent / "ran"
    (guarded.root / ".gitattributes").write_text("* filter=evil diff=evil\n")
    for key in ("filter.evil.clean", "filter.evil.smudge", "diff.evil.textconv", "core.fsmonitor", "core.pager"):
        guarded.git("config", key, f"touch {ran}; cat")
    program(guarded.root / "hooks" / "post-index-change", f"touch {ran}")
    guarded.git("config", "core.hooksPath", "hooks")
    guarded.slack("oncall", description="new")
    done = guarded.run("plan", "--base", "main")
    assert done.code == 0, done.everything
    assert not ran.exists()


COMMANDS: dict[str, tuple[list[str], dict[str, str]]] = {
    "a program in the folder": (["./get-secret"], {"get-secret": "echo {value}"}),
    "a program below": (["bin/get.sh"], {"bin/get.sh": "echo {value}"}),
    "a script that sources another": (["sh", "main.sh"], {"main.sh": ". ./lib.sh", "lib.sh": "echo {value}"}),
    "a rule of make": (["make", "-s"], {"Makefile": "slack:\n\t@echo {value}"}),
    "a module": (["python3", "-m", "tools.tok"], {"tools/__init__.py": "", "tools/tok.py": "print('{value}')"}),
    "a script by its place in the workspace": (
        ["sh", "-c", '. "$GITHUB_WORKSPACE/lib.sh"'],
        {"lib.sh": "echo {value}"},
    ),
    "a script by the shell's folder": (["sh", "-c", '. "$PWD/lib.sh"'], {"lib.sh": "echo {value}"}),
}


def write_command(project: Project, files: dict[str, str], value: str, ran: Path | None = None) -> None:
    for name, body in files.items():
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = body.format(value=value)
        if name.endswith(".py"):
            text = f"open({str(ran)!r}, 'w')\n{text}" if ran else text
        elif name == "Makefile":
            text = text if ran is None else f"$(shell touch {ran})\n{text}"
        else:
            text = f"#!/bin/sh\n{f'touch {ran}' if ran else ''}\n{text}\n"
        path.write_text(text)
        path.chmod(0o755)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_runs_the_base_s_files_and_nothing_of_the_proposal(project: Project, name: str) -> None:
    command, files = COMMANDS[name]
    if shutil.which(command[0]) is None and "/" not in command[0]:
        pytest.fail(f"{command[0]} is needed for this test")
    write_command(project, files, SLACK + "first")
    project.write_project(secrets={"sources": {"vaulted": {"exec": command}}})
    project.slack("oncall", webhook_url={"vaulted": "slack"})
    commit_base(project)
    ran = project.root.parent / "ran"
    write_command(project, files, SLACK + "evil", ran)
    environ = {"GITHUB_WORKSPACE": str(project.root), "PWD": str(project.root)}
    document = project.plan("--base", "main", **environ)
    assert not ran.exists()
    assert document["targets"][0]["unresolved"] == [], "the base's own command gives the value"


LINKS = ["vendor/get.sh", "bin"]


@pytest.mark.parametrize("link", LINKS)
def test_what_a_link_of_the_base_leads_to_is_the_base_s_too(project: Project, link: str) -> None:
    program(project.root / "real" / "get.sh", f"echo {SLACK}first")
    (project.root / "vendor").mkdir()
    (project.root / "vendor" / "get.sh").symlink_to("../real/get.sh")
    (project.root / "bin").symlink_to("real")
    command = "vendor/get.sh" if link != "bin" else "bin/get.sh"
    project.write_project(secrets={"sources": {"vaulted": {"exec": [command]}}})
    project.slack("oncall", webhook_url={"vaulted": "slack"})
    commit_base(project)
    ran = project.root.parent / "ran"
    program(project.root / "real" / "get.sh", f"touch {ran}; echo {SLACK}evil")
    document = project.plan("--base", "main")
    assert not ran.exists()
    assert document["targets"][0]["unresolved"] == []


def test_a_program_of_a_submodule_is_not_there_and_not_run(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    evil = tmp_path_factory.mktemp("evil")
    ran = project.root.parent / "ran"
    program(evil / "get.sh", f"touch {ran}; echo {SLACK}evil")
    for arguments in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "evil")):
        project.git("-C", str(evil), *arguments)
    project.git("init", "-q", "-b", "main")
    project.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(evil), "vendor")
    project.write_project(secrets={"sources": {"vaulted": {"exec": ["vendor/get.sh"]}}})
    project.slack("oncall", webhook_url={"vaulted": "slack"})
    project.commit("reviewed")
    document = project.plan("--base", "main")
    assert not ran.exists()
    assert [item["name"] for item in document["targets"][0]["unresolved"]] == ["oncall"]


@pytest.mark.parametrize("way", ["absolute", "climbing", "in an option", "PATH", "relative PATH", "PYTHONPATH", "HOME"])
def test_ways_around_the_base_s_tree_are_closed(project: Project, way: str) -> None:
    ran, root = project.root.parent / "ran", project.root
    program(root / "evil" / "tool", f"touch {ran}; echo {SLACK}evil")
    (root / "evil" / "sitecustomize.py").write_text(f"open({str(ran)!r}, 'w')\n")
    (root / "evil" / ".profile").write_text(f"touch {ran}\n")
    climb = "../" * 12 + str(root / "evil" / "tool").lstrip("/")
    command: list[str] = {
        "absolute": [str(root / "evil" / "tool")],
        "climbing": ["sh", climb],
        "in an option": ["env", f"-S{root}/evil/tool"],
        "PATH": ["tool"],
        "relative PATH": ["tool"],
        "PYTHONPATH": ["python3", "-c", f"print('{SLACK}first')"],
        "HOME": ["sh", "-l", "-c", f"echo {SLACK}first"],
    }[way]
    environ = {
        "PATH": {"PATH": f"{root}/evil:{os.environ['PATH']}"},
        "relative PATH": {"PATH": f"evil::{os.environ['PATH']}"},
        "PYTHONPATH": {"PYTHONPATH": f"{root}/evil"},
        "HOME": {"HOME": f"{root}/evil"},
    }.get(way, {})
    project.write_project(secrets={"sources": {"vaulted": {"exec": command}}})
    project.slack("oncall", webhook_url={"vaulted": "slack"})
    commit_base(project)
    document = project.plan("--base", "main", **environ)
    assert not ran.exists()
    unresolved = [item["name"] for item in document["targets"][0]["unresolved"]]
    assert unresolved == ([] if way == "PYTHONPATH" else ["oncall"])


AWS_WAYS = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "relative", "through a link", "HOME"]


def aws_settings(project: Project, way: str, ran: Path) -> dict[str, str | None]:
    """AWS settings of the proposal's, which name a program of its own, and the job's variables that lead to them."""
    folder = project.root / ".aws"
    tool = program(project.root / "evil" / "tool", f"touch {ran}; exit 1")
    folder.mkdir()
    for name in ("config", "credentials"):
        (folder / name).write_text(f"[default]\ncredential_process = {tool}\n")
    elsewhere = ran.with_name(f"{ran.name}-link")
    elsewhere.symlink_to(folder / "config")
    unset = dict.fromkeys(["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CONFIG_FILE"], None)
    ways = {
        "AWS_CONFIG_FILE": {"AWS_CONFIG_FILE": str(folder / "config")},
        "AWS_SHARED_CREDENTIALS_FILE": {"AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials")},
        "relative": {"AWS_CONFIG_FILE": ".aws/config"},
        "through a link": {"AWS_CONFIG_FILE": str(elsewhere)},
        "HOME": {"HOME": str(project.root)},
    }
    return {**unset, "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "eu-central-1", **ways[way]}


@pytest.mark.parametrize("way", AWS_WAYS)
@pytest.mark.parametrize("what", ["sigv4", "aws_secret"])
def test_aws_settings_of_the_proposal_run_nothing(project: Project, way: str, what: str) -> None:
    ran = project.root.with_name(f"{project.root.name}-ran")
    if what == "sigv4":
        url = project.simulators["search"].url
        auth = {"sigv4": {"region": "eu-central-1"}}
        project.write_project(targets={"search": {"provider": "opensearch", "url": url, "auth": auth}})
        project.slack("oncall")
    else:
        project.slack("oncall", webhook_url={"aws_secret": "slack"})
    commit_base(project)
    environ = aws_settings(project, way, ran)
    done = project.run("plan", "--base", "main", "--strict", **environ)
    assert "points into the checkout" in done.everything
    assert not ran.exists()
    project.run("plan", "--strict", **environ)
    assert ran.exists(), "without a base the program runs, so that none of this is by chance"


def test_a_command_does_not_get_aws_settings_in_the_checkout(project: Project) -> None:
    text = f'echo {SLACK}first; test -z "$AWS_CONFIG_FILE$AWS_SHARED_CREDENTIALS_FILE"'
    project.write_project(secrets={"sources": {"vaulted": {"exec": ["sh", "-c", text]}}})
    project.slack("oncall", webhook_url={"vaulted": "slack"})
    commit_base(project)
    names = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
    document = project.plan("--base", "main", **{name: str(project.root / "x") for name in names})
    assert document["targets"][0]["unresolved"] == []


def test_an_argument_that_leads_into_the_checkout_is_refused(project: Project) -> None:
    project.write_project(secrets={"sources": {"read": {"exec": ["cat"]}}})
    (project.root / "value").write_text(SLACK + "evil")
    project.slack("oncall", webhook_url={"read": str(project.root / "value")})
    commit_base(project)
    document = project.plan("--base", "main")
    assert [item["name"] for item in document["targets"][0]["unresolved"]] == ["oncall"]
    done = project.run("plan", "--base", "main", "--strict")
    assert "names a path into the checkout" in done.err


@pytest.mark.parametrize("where", ["outside", "tracked", "not tracked", "moved by the proposal", "linked out"])
def test_a_mounted_secret_is_read_where_the_base_says(
    project: Project, tmp_path_factory: pytest.TempPathFactory, where: str
) -> None:
    outside = tmp_path_factory.mktemp("mounted")
    folder = outside if where in ("outside", "linked out", "moved by the proposal") else project.root / "mounted"
    directory = {"outside": str(outside), "moved by the proposal": str(project.root / "nothing")}.get(where, "mounted")
    project.write_project(secrets={"dir": directory})
    project.slack("oncall", webhook_url={"secret": "oncall", "key": "url"})
    if where == "linked out":
        (project.root / "mounted").symlink_to(outside)
    (folder / "oncall").mkdir(parents=True)
    if where == "tracked":
        (folder / "oncall" / "url").write_text(SLACK + "first")
    commit_base(project)
    (folder / "oncall" / "url").write_text(SLACK + "first")
    if where == "moved by the proposal":
        project.write_project(secrets={"dir": str(outside)})
    document = project.plan("--base", "main")
    unresolved = [item["name"] for item in document["targets"][0]["unresolved"]]
    assert unresolved == ([] if where in ("outside", "tracked") else ["oncall"])


def test_certificates_have_the_base_s_bytes(guarded: Project) -> None:
    targets = guarded.config["spec"]["targets"]
    targets["search"]["tls"] = {"ca_file": "ca.pem"}
    guarded.write_project(targets=targets)
    certificate = guarded.root / "ca.pem"
    import trustme

    trustme.CA().cert_pem.write_to_path(str(certificate))
    guarded.commit("reviewed too")
    certificate.write_text("not a certificate at all")
    assert guarded.run("plan", "--base", "HEAD").code == 0
    certificate.unlink()
    certificate.symlink_to("/etc/hostname")
    assert guarded.run("plan", "--base", "HEAD").code == 0


def test_a_certificate_that_only_the_proposal_has_is_refused(guarded: Project) -> None:
    targets = guarded.config["spec"]["targets"]
    targets["search"]["tls"] = {"ca_file": "ca.pem"}
    guarded.write_project(targets=targets)
    guarded.commit("reviewed too")
    (guarded.root / "ca.pem").write_text("evil")
    guarded.git("add", "ca.pem")
    done = guarded.run("plan", "--base", "HEAD")
    assert done.code == 1
    assert "ca.pem: does not exist at HEAD" in done.everything


def unresolved(project: Project, reference: dict[str, Any], **environ: str) -> str:
    """Why a reference of a manifest is not resolved under `--base`; "" if it is."""
    project.slack("oncall", webhook_url=reference)
    done = project.run("plan", "--base", "main", "--strict", **environ)
    return "" if done.code == 0 else done.err


@pytest.fixture
def open_project(project: Project) -> Project:
    """A project below the top, with files of every sort around it; `main` is its base."""
    (project.root / "proj").mkdir()
    (project.root / "proj" / "tracked").write_text(SLACK + "tracked")
    (project.root / "besides").write_text(SLACK + "besides")
    commit_base(project)
    return project


@pytest.mark.parametrize(
    "name", ["../x", ".git/config", ".GIT/config", "./.git/HEAD", "/etc/hostname", "untracked", "link", "linked/x"]
)
def test_files_that_git_does_not_track_below_the_project_are_not_read(project: Project, name: str) -> None:
    commit_base(project)
    (project.root.parent / "x").write_text(SLACK + "outside")
    (project.root / "untracked").write_text(SLACK + "untracked")
    (project.root / "link").symlink_to("../x")
    (project.root / "linked").symlink_to("..")
    project.git("add", "link", "linked")
    why = unresolved(project, {"file": name})
    assert "oncall" in why or "file" in why
    assert why


def test_files_that_git_tracks_below_the_project_are_read(project: Project) -> None:
    (project.root / "kept").write_text(SLACK + "kept")
    commit_base(project)
    (project.root / "added").write_text(SLACK + "added")
    project.git("add", "added")
    assert unresolved(project, {"file": "kept"}) == ""
    assert unresolved(project, {"file": "added"}) == ""


def test_the_base_s_list_opens_other_files_but_never_git_s_own_or_a_key(project: Project) -> None:
    outside = project.root.parent / "mounted"
    outside.write_text(SLACK + "mounted")
    (project.root / "made").write_text(SLACK + "made")
    (project.root / "gha-creds-0123.json").write_text(SLACK + "key")
    (project.root / "key.json").write_text(SLACK + "key")
    (project.root / ".gitignore").write_text("*\n")
    project.write_project(secrets={"allow": ["file:*"]})
    commit_base_only(project, "reconciler.yaml", "channels", ".gitignore")
    assert unresolved(project, {"file": str(outside)}) == ""
    assert unresolved(project, {"file": "made"}) == ""
    assert ".git, where git keeps" in unresolved(project, {"file": ".git/config"})
    assert "a key that this job logs in with" in unresolved(project, {"file": "gha-creds-0123.json"})
    key = {"GOOGLE_APPLICATION_CREDENTIALS": str(project.root / "key.json")}
    assert "a key that this job logs in with" in unresolved(project, {"file": "key.json"}, **key)
    project.write_project(secrets={"allow": ["file:*", "env:*"]})
    (project.root / "made").unlink()
    (project.root / "made").symlink_to("key.json")
    assert "cannot be read" in unresolved(project, {"file": "made"})


def commit_base_only(project: Project, *names: str) -> None:
    project.git("init", "-q", "-b", "main")
    project.git("add", "-f", *names)
    project.git("commit", "-q", "-m", "reviewed")


SOPS = """#!/bin/sh
for last; do :; done
echo "$last $SOPS_HC_VAULT_ALLOWLIST" >> {calls}
cat "$last"
"""


def test_sops_decrypts_only_what_the_base_has(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    bin_, calls = tmp_path_factory.mktemp("bin"), project.root.parent / "calls"
    program(bin_ / "sops", SOPS.format(calls=calls).removeprefix("#!/bin/sh\n"))
    path = {"PATH": f"{bin_}:{os.environ['PATH']}"}
    (project.root / "secrets.json").write_text(json.dumps({"slack": SLACK + "first"}))
    commit_base(project)
    reference = {"sops": "secrets.json", "key": "slack"}
    assert unresolved(project, reference, **path) == ""
    read, allowed = calls.read_text().split()
    assert not read.startswith(str(project.root))
    assert allowed == "none"
    calls.unlink()
    unresolved(project, reference, **path, VAULT_ADDR="https://vault.example.org")
    assert calls.read_text().split()[1] == "https://vault.example.org"
    calls.unlink()
    (project.root / "secrets.json").write_text(json.dumps({"slack": SLACK + "evil", "sops": {"hc_vault": []}}))
    assert "differs from main" in unresolved(project, reference, **path)
    (project.root / "new.json").write_text("{}")
    project.git("add", "new.json")
    assert "does not exist at main" in unresolved(project, {"sops": "new.json", "key": "slack"}, **path)
    (project.root / "secrets.json").unlink()
    (project.root / "copy.json").write_text(json.dumps({"slack": SLACK + "first"}))
    (project.root / "secrets.json").symlink_to("copy.json")
    assert "differs from main" in unresolved(project, reference, **path)
    assert not calls.exists()


@pytest.mark.parametrize("verb", VERBS)
def test_where_the_base_has_no_project_nothing_is_trusted(guarded: Project, thief: Simulator, verb: str) -> None:
    steal(guarded, thief, "other/reconciler.yaml")
    (guarded.root / "other" / "channels").mkdir()
    shutil.copy(guarded.root / "channels" / "oncall.json", guarded.root / "other" / "channels")
    done = guarded.run(verb, "-c", "other/reconciler.yaml", "--base", "main")
    assert done.code == 0
    assert "nothing to compare with yet" in done.err
    assert "No changes" not in done.out
    assert sent_to(thief) + sent_to(guarded.simulators["search"]) == 0
    (guarded.root / "other" / "channels" / "oncall.json").write_text("{}")
    assert guarded.run(verb, "-c", "other/reconciler.yaml", "--base", "main").code == 1
    assert sent_to(thief) + sent_to(guarded.simulators["search"]) == 0


def test_a_project_that_moved_is_not_the_base_s(guarded: Project, thief: Simulator) -> None:
    (guarded.root / "ops").mkdir()
    for name in ("reconciler.yaml", "channels"):
        shutil.move(guarded.root / name, guarded.root / "ops" / name)
    guarded.git("add", "-A")
    done = guarded.run_in(guarded.root / "ops", "plan", "--base", "main")
    assert done.code == 0
    assert "nothing to compare with yet" in done.err
    assert sent_to(guarded.simulators["search"]) == 0


def test_apply_does_nothing_where_the_base_has_no_project(guarded: Project) -> None:
    (guarded.root / "ops").mkdir()
    for name in ("reconciler.yaml", "channels"):
        shutil.move(guarded.root / name, guarded.root / "ops" / name)
    done = guarded.run_in(guarded.root / "ops", "apply", "--yes", "--base", "main")
    assert done.code == 1
    assert "nothing to compare with yet" in done.err
    assert sent_to(guarded.simulators["search"]) == 0


def test_what_is_the_proposal_s_own_is_shown_first(guarded: Project) -> None:
    guarded.write_project(
        targets=guarded.config["spec"]["targets"],
        owner="evil",
        id_prefix="evil",
        former_owners=["acme"],
        manifests=["channels", "more"],
        defaults={"SlackChannel": {"webhook_url": SLACK + PASSWORD}},
        test={"when": "never"},
        secrets={"allow": ["env:*"]},
        safety={"max_deletes": 99},
    )
    (guarded.root / "more").mkdir()
    done = guarded.run("plan", "--base", "main")
    shown = done.out.splitlines()[:8]
    assert [line.split()[1] for line in shown] == [
        "spec.owner",
        "spec.former_owners",
        "spec.id_prefix",
        "spec.defaults",
        "spec.test",
        "spec.manifests",
        "spec.secrets",
        "spec.safety",
    ]
    assert "spec.owner has changed since main: acme -> evil" in done.out
    assert PASSWORD not in done.everything
    markdown = guarded.run("plan", "--base", "main", "-o", "markdown").out
    assert markdown.index("spec.owner has changed") < markdown.index("spec.secrets differs from main")
    drift = guarded.run("drift", "--base", "main", "--json").json()
    assert drift["notes"][0].startswith("spec.owner has changed")


def test_guards_are_the_base_s(guarded: Project) -> None:
    guarded.slack("other")
    guarded.apply()
    guarded.commit("two")
    guarded.write_project(
        targets=guarded.config["spec"]["targets"], safety={"max_deletes": 99, "max_delete_percent": 100}
    )
    guarded.remove("other")
    base = guarded.git("rev-parse", "HEAD")
    guarded.git("checkout", "-q", "-b", "proposal")
    loose = guarded.run("plan", "--json", "--prune").json()
    kept = guarded.run("plan", "--json", "--prune", "--base", base).json()
    assert [change["held"] for change in loose["targets"][0]["changes"]] == [""]
    assert [change["held"] for change in kept["targets"][0]["changes"]] == [""]


def test_no_path_of_the_proposal_leads_out_of_the_checkout(
    guarded: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    shutil.copy(guarded.root / "channels" / "oncall.json", other / "oncall.json")
    for manifests in ([str(other)], ["linked"], [os.path.relpath(other, guarded.root)]):
        (guarded.root / "linked").unlink(missing_ok=True)
        (guarded.root / "linked").symlink_to(other)
        guarded.write_project(targets=guarded.config["spec"]["targets"], manifests=manifests)
        done = guarded.run("plan", "--base", "main")
        assert done.code == 1
        assert "leads out of the repository" in done.err


@pytest.mark.parametrize(
    ("environ", "is_warned"),
    [
        ({"GITHUB_EVENT_NAME": "pull_request"}, True),
        ({"GITHUB_EVENT_NAME": "pull_request_target"}, True),
        ({"CI_MERGE_REQUEST_IID": "7"}, True),
        ({"CI_PIPELINE_SOURCE": "merge_request_event"}, True),
        ({"BITBUCKET_PR_ID": "3"}, True),
        ({"TRAVIS_PULL_REQUEST": "false"}, False),
        ({"GITHUB_EVENT_NAME": "push"}, False),
        ({}, False),
    ],
)
@pytest.mark.parametrize("verb", VERBS)
def test_a_proposal_s_job_without_a_base_warns(
    guarded: Project, verb: str, environ: dict[str, str], is_warned: bool
) -> None:
    def warns(done: Done) -> bool:
        return "without --base" in done.err

    assert warns(guarded.run(verb, **environ)) is is_warned
    assert not warns(guarded.run(verb, "--base", "main", **environ))


def test_settings_of_trust_in_the_checkout_are_named(guarded: Project) -> None:
    done = guarded.run("plan", "--base", "main", SSLKEYLOGFILE=str(guarded.root / "keys"), NO_PROXY="localhost")
    assert "SSLKEYLOGFILE is a path inside the checkout" in done.out
