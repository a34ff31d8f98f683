"""The product's main job, as a story: `make demo`, or `python -m examples.demo`.

It runs the real command, as anybody would, against the embedded simulator, on a copy of `project/`. Everything stays on
this machine. With `--keep` the simulator goes on, so that its inbox can be looked at in a browser.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PROJECT = Path(__file__).parent / "project"
COMMAND = [sys.executable, "-m", "reconciler"]


class Story:
    """The demo's own folder, environment and voice."""

    def __init__(self, folder: Path, addresses: dict[str, str]) -> None:
        self.folder = folder
        self.addresses = addresses
        sink = addresses["sink"]
        self.environ = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")]),
            "OPENSEARCH_URL": addresses["serving"],
            "SLACK_ONCALL_URL": "https://hooks.slack.com/services/T0DEMO/B0DEMO/not-a-real-token",
            "MATTERMOST_BUILDS_URL": f"{sink}/hooks/builds",
            "PAGER_URL": f"{sink}/pager",
            "PAGER_TOKEN": "not-a-real-pager-token",
            "CONFLUENT_CLOUD_API_KEY": "not-a-real-key",
            "CONFLUENT_CLOUD_API_SECRET": "not-a-real-secret",
        }

    def say(self, words: str) -> None:
        print("\n" + "\n".join(f"# {line}" for line in textwrap.wrap(words, 100)), flush=True)

    def run(self, *arguments: str, expect: int = 0, **environ: str) -> None:
        """Run the command and stop the demo if it does not end as the contract says."""
        given = " ".join(f"{name}={value}" for name, value in environ.items())
        print(f"\n$ {given + ' ' if given else ''}reconciler {' '.join(arguments)}", flush=True)
        done = subprocess.run([*COMMAND, *arguments], cwd=self.folder, env=self.environ | environ, check=False)
        print(f"(exit code {done.returncode})\n", flush=True)
        if done.returncode != expect:
            sys.exit(f"the demo went wrong: exit code {done.returncode}, not {expect}")

    def edit(self, file: str, before: str, after: str) -> None:
        path = self.folder / file
        text = path.read_text()
        if before not in text:
            sys.exit(f"the demo went wrong: {file} does not hold {before!r}")
        path.write_text(text.replace(before, after))

    def make_monitor(self, name: str, channel_id: str) -> None:
        """Have Alerting a monitor that sends through a channel."""
        body = json.dumps([{"name": name, "channels": [channel_id]}]).encode()
        urllib.request.urlopen(f"{self.addresses['serving']}/_simulator/monitors", data=body, timeout=10).close()
        print(f"(a monitor {name} now sends through {channel_id})", flush=True)

    def show_inbox(self) -> None:
        """What the far sides got, and what was captured because it is not on this machine."""
        inbox = f"{self.addresses['inbox']}.json"
        with urllib.request.urlopen(inbox, timeout=10) as answer:
            document = json.load(answer)
        for delivery in reversed(document["deliveries"]):
            how = "captured" if delivery["captured"] else "delivered"
            print(f"  {how:<9}  {delivery['config_name']}: {delivery['method']} {delivery['address']}")
        print(f"  (the same as a page: {self.addresses['inbox']})", flush=True)


@contextmanager
def simulator() -> Iterator[dict[str, str]]:
    """`reconciler simulate` on free ports; the addresses that it printed."""
    process = subprocess.Popen(
        [*COMMAND, "simulate", "--port", "0", "--mail-port", "0"], stdout=subprocess.PIPE, text=True
    )
    addresses: dict[str, str] = {}
    try:
        for line in process.stdout or ():
            word, address = line.split()[:2]
            addresses[word] = address
            if word == "serving":
                break
        yield addresses
    finally:
        process.terminate()
        process.wait(timeout=10)


def tell(story: Story) -> None:
    """The story, from nothing to a last plan that finds nothing to do."""
    story.say(
        "One set of manifests for two systems: chat, a webhook and mail on OpenSearch; the same on-call channel and a "
        "subscription on Confluent Cloud. First: are they sound? No network is needed."
    )
    story.run("validate")
    story.say("What would be done? Secrets stay masked; the plan names who will get a test message.")
    story.run("plan")
    story.say("Do it. Each new channel counts as done when its test message went through.")
    story.run("apply", "--yes")
    story.say(
        "What arrived: mail and webhooks on loopback; Slack captured, since it is not on this machine, once from each "
        "of the two systems."
    )
    story.show_inbox()
    story.say("Once more: nothing differs.")
    story.run("plan", "--detailed-exitcode")
    story.say("Change one field. Only that is planned and applied, and a description sends no message.")
    story.edit("channels/chat.yaml", "Pages the payments on-call", "Pages the payments on-call, day and night")
    story.run("apply", "--yes")
    story.say(
        "Now a mistake: the pager's new address answers 410 Gone. It is tested on a canary before the real "
        "channel is touched, fails, and the live channel stays as it was (exit code 5)."
    )
    bad = f"{story.addresses['sink']}/status/410"
    story.run("apply", "--yes", expect=5, PAGER_URL=bad)
    story.say("Remove a manifest. Nothing is deleted until you ask for it: the plan lists a prune candidate.")
    (story.folder / "channels" / "pager.yaml").unlink()
    story.run("plan")
    story.say(
        "Somebody asks for it. But meanwhile a monitor of Alerting sends through that channel, and OpenSearch itself "
        "would delete it without a word: the delete is held (exit code 3)."
    )
    story.make_monitor("checkout-5xx", "acme_pager")
    story.run("apply", "--prune", "--yes", expect=3)
    story.run("users", "pager")
    story.say(
        "Whoever knows better says so, and it is deleted. The monitor now refers to a channel that does not exist."
    )
    story.run("apply", "--prune", "--yes", "--allow-in-use", "pager")
    story.run("users", "--dangling", expect=2)
    story.run("list")
    story.say("And the last plan:")
    story.run("plan", "--detailed-exitcode")


def main() -> None:
    """Copy the project, start the simulator, tell the story."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the simulator running until Enter is pressed")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory(prefix="reconciler-demo-") as folder, simulator() as addresses:
        project = Path(folder) / "project"
        shutil.copytree(PROJECT, project)
        story = Story(project, addresses)
        story.edit("channels/mail.yaml", "port: 2525", f"port: {addresses['mail'].rsplit(':', 1)[1]}")
        story.edit("reconciler.yaml", "http://127.0.0.1:9299", addresses["serving"])
        tell(story)
        if keep:
            with suppress(EOFError):  # no terminal to wait at
                input(f"\nThe inbox is at {addresses['inbox']}; press Enter to end. ")


if __name__ == "__main__":
    main()
