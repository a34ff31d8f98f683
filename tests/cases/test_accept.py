"""`drift --accept`: what a hand did to the live systems becomes a patch of the manifests, and applies."""

from __future__ import annotations

import subprocess

from tests.cases.projects import SLACK_URL, Project, manifest

MAIL = """# Mail to the people on call.
apiVersion: channels.gitops/v1
kind: EmailChannel
metadata: {name: mail}
spec:
  sender: mailer
  recipients:
    - ops@example.org   # the team
    - lead@example.org
  test: {when: never}
---
# The way out.
apiVersion: channels.gitops/v1
kind: SmtpAccount
metadata: {name: mailer}
spec: {host: smtp.example.org, encryption: none, port: 25, from_address: alerts@example.org}
"""
HOOK = """apiVersion: channels.gitops/v1
kind: WebhookChannel
metadata: {name: hook}   # the pager
spec:
  url: {env: SLACK_URL}
  headers:
    Content-Type: application/json
    X-Token: {env: SLACK_URL}
  test: {when: never}
"""


def drifted(project: Project) -> Project:
    """A project whose live objects a hand changed."""
    project.keep()
    project.write("channels/mail.yaml", MAIL)
    project.write("channels/hook.yaml", HOOK)
    assert project.run("apply", "--yes").code == 0
    mail = project.config("acme_mail")
    mail["email"]["recipient_list"] = [{"recipient": "ops@example.org"}, {"recipient": "new@example.org"}]
    project.put("acme_mail", email=mail["email"], description="By hand [acme/mail]", is_enabled=False)
    hook = project.config("acme_hook")["webhook"]
    headers = {"Content-Type": "text/plain", "X-Token": "planted-token", "Accept": "*/*"}
    project.put("acme_hook", name="Pager", webhook={**hook, "url": f"{SLACK_URL}/planted", "header_params": headers})
    return project


def test_a_patch_makes_the_manifests_say_what_is_live(opensearch: Project) -> None:
    project = drifted(opensearch)
    done = project.run("drift", "--accept", "mail")
    assert (done.code, done.err) == (0, "")
    patched = subprocess.run(["patch", "-p1"], cwd=project.folder, input=done.out, capture_output=True, text=True)
    assert patched.returncode == 0, patched.stdout
    text = (project.folder / "channels/mail.yaml").read_text()
    assert "    - ops@example.org   # the team\n    - new@example.org\n" in text
    assert "enabled: false" in text
    assert text.endswith(MAIL[MAIL.index("---") :]), "the other manifest of the file is as it was"
    assert text.startswith("# Mail to the people on call.\n")
    after = project.run("plan", "--only", "mail")
    assert "left disabled" not in after.out
    assert "~ recipients" not in after.out


def test_secrets_are_named_and_never_written(opensearch: Project) -> None:
    project = drifted(opensearch)
    done = project.run("drift", "--accept", "h*", "--patch", "accepted.patch")
    assert done.code == 2
    assert "spec.url: a secret is never written down" in done.err
    assert "spec.headers.X-Token: a secret is never written down" in done.err
    patch = (project.folder / "accepted.patch").read_text()
    assert "+  display_name: Pager" in patch
    assert "+    Content-Type: text/plain" in patch
    assert "Accept: '*/*'" in patch
    assert "planted" not in patch + done.everything
    assert (project.folder / "channels/hook.yaml").read_text() == HOOK, "nothing is edited unasked"


def test_a_flag_writes_into_the_manifests(opensearch: Project) -> None:
    project = drifted(opensearch)
    done = project.run("drift", "--accept", "hook", "--write")
    assert (done.code, done.out) == (2, "")
    assert "metadata: {name: hook}   # the pager" in (project.folder / "channels/hook.yaml").read_text()
    assert project.run("validate").code == 0
    again = project.run("drift", "--accept", "hook")
    assert "display_name" not in again.out


def test_what_is_so_on_one_target_alone_goes_to_its_overrides(both: Project) -> None:
    assert both.run("apply", "--yes").code == 0
    both.put("acme_oncall", name="By hand")
    done = both.run("drift", "--accept", "oncall")
    assert '"overrides": {"search": {"display_name": "By hand"}}' in done.out
    one = next(item for item in both.integrations())
    both.call("PATCH", f"/notifications/v1/integrations/{one['id']}", {"display_name": "By hand"})
    done = both.run("drift", "--accept", "oncall")
    assert "overrides" not in done.out
    assert '"display_name": "By hand"' in done.out


def test_what_is_gone_and_what_has_not_moved_is_said(opensearch: Project) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    still = opensearch.run("drift", "--accept", "oncall")
    assert (still.code, still.out, still.err) == (0, "", "nothing to accept: what --accept names has not drifted\n")
    opensearch.call("DELETE", "/_plugins/_notifications/configs/acme_oncall")
    gone = opensearch.run("drift", "--accept", "oncall")
    assert gone.code == 2
    assert "remove its manifest" in gone.err
    assert opensearch.run("drift", "--accept", "oncal").code == 1
    for flags in (["--patch", "x"], ["--write"], ["--accept", "oncall", "--json"], ["--accept", "x", "-o", "html"]):
        assert opensearch.run("drift", *flags).code == 64


def test_what_could_not_be_compared_is_not_said_to_be_still(opensearch: Project) -> None:
    opensearch.keep()
    opensearch.write("channels/mail.yaml", MAIL)
    opensearch.write("channels/hook.yaml", HOOK)
    assert opensearch.run("apply", "--yes").code == 0
    still = opensearch.run("drift", "--without-secrets", "--accept", "hook")
    assert (still.code, still.err) == (
        0,
        "nothing to accept: what --accept names has not drifted, as far as it could be compared\n",
    )
    for words in (["hook"], ["mail", "--without-secrets"]):
        compared = opensearch.run("drift", "--accept", *words)
        assert (compared.code, compared.err) == (0, "nothing to accept: what --accept names has not drifted\n")


def test_a_reference_to_what_no_manifest_describes_is_not_accepted(opensearch: Project) -> None:
    opensearch.keep()
    opensearch.write("channels/mail.yaml", MAIL)
    assert opensearch.run("apply", "--yes").code == 0
    account = {**opensearch.config("acme_mailer"), "name": "another", "description": ""}
    made = opensearch.call("POST", "/_plugins/_notifications/configs", {"config": account})["config_id"]
    mail = opensearch.config("acme_mail")["email"]
    opensearch.put("acme_mail", email={**mail, "email_account_id": made})
    done = opensearch.run("drift", "--accept", "mail")
    assert done.code == 2
    assert f"spec.sender: live refers to id:{made}, which no manifest describes" in done.err
    opensearch.write("channels/another.yaml", manifest("SmtpAccount", "another", id=made, **ACCOUNT))
    assert "+  sender: another" in opensearch.run("drift", "--accept", "mail").out


ACCOUNT = {"host": "smtp.example.org", "encryption": "none", "port": 25, "from_address": "alerts@example.org"}
