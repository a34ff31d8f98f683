"""OpenTofu with its OpenSearch provider, on the same simulator and the same channels, where both are on this machine.

They are looked for on the PATH (`tofu`, `terraform-provider-opensearch`), or where BENCH_TOFU and BENCH_TOFU_PROVIDER
say. The provider is used by OpenTofu's development overrides, so that nothing is fetched.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.measure import Measure, Spent, compare, in_turns, not_run, reconciler, run_process
from benchmarks.projects import SLACK_URL, environment, simulator, write_project

NAME = "OpenTofu"
PROVIDER = "terraform-provider-opensearch"

MAIN = """terraform {
  required_providers { opensearch = { source = "opensearch-project/opensearch" } }
}
variable "url" { type = string }
variable "slack" { type = string }
provider "opensearch" {
  url               = var.url
  healthcheck       = false
  sniff             = false
  sign_aws_requests = false
}
resource "opensearch_channel_configuration" "channel" {
  count = %d
  body = jsonencode({
    config_id = "tofu_channel-${count.index}"
    config = {
      name        = "Channel ${count.index}"
      description = "Pages the payments on-call"
      config_type = "slack"
      is_enabled  = true
      slack       = { url = var.slack }
    }
  })
}
"""


@dataclass(frozen=True, slots=True)
class Tofu:
    """The two programs, and OpenTofu's version."""

    program: str
    provider: str
    version: str


def find(environ: Mapping[str, str]) -> Tofu | str:
    """Both programs, or why they cannot be used."""
    path = environ.get("PATH")
    program = environ.get("BENCH_TOFU") or shutil.which("tofu", path=path)
    if not program:
        return "tofu is not on this machine"
    provider = environ.get("BENCH_TOFU_PROVIDER") or shutil.which(PROVIDER, path=path)
    if not provider:
        return f"{PROVIDER} is not on this machine"
    try:
        done = subprocess.run([program, "version", "-json"], capture_output=True, text=True, check=True, timeout=60)
        return Tofu(program, provider, str(json.loads(done.stdout)["terraform_version"]))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        return f"{program} does not say its version ({type(error).__name__})"


def measures() -> Iterator[Measure]:
    """`validate` and `plan` of one channel by processor time, a plan of 1,000 and their creation by the clock."""
    tofu = find(os.environ)
    if isinstance(tofu, str):
        yield not_run(NAME, tofu)
        return
    try:
        yield from settled(tofu, 1, ("validate", "plan"), rounds=9)
        yield from settled(tofu, 1_000, ("plan",), rounds=3)
    except subprocess.CalledProcessError as error:
        last = (error.stderr or b"").decode(errors="replace").strip().splitlines()[-1:]
        yield not_run(NAME, f"{' '.join(map(str, error.cmd[:2]))} ended with {error.returncode}: {''.join(last)}")


def settled(tofu: Tofu, count: int, verbs: Sequence[str], rounds: int) -> Iterator[Measure]:
    """Both on so many channels of their own, which they created first."""
    with tempfile.TemporaryDirectory() as name, simulator() as ours_url, simulator() as url:
        theirs = Side(tofu, Path(name) / "tofu", url, count)
        folder, environ = Path(name) / "ours", environment(ours_url)
        write_project(folder, count)
        first = in_turns(
            {
                "ours": lambda: run_process(reconciler("apply", "--yes"), environ, folder),
                "theirs": lambda: theirs.run("apply", "-auto-approve"),
            },
            rounds=1,
        )
        what = f"{count:,} channel{'s' * (count > 1)} / {NAME}"
        who = f"OpenTofu {tofu.version}"
        yield compare(f"apply that creates {what}", first["ours"], first["theirs"], who)
        for verb in verbs:
            sides: dict[str, Callable[[], Spent]] = {
                "ours": partial(run_process, reconciler(verb), environ, folder),
                "theirs": partial(theirs.run, verb),
            }
            spent = in_turns(sides, rounds)
            yield compare(f"{verb} of {what}", spent["ours"], spent["theirs"], who, by_cpu=count == 1)


class Side:
    """OpenTofu's half of a comparison: a folder with its configuration, for one simulator."""

    def __init__(self, tofu: Tofu, folder: Path, url: str, count: int) -> None:
        self._tofu = tofu
        self._folder = folder
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text(MAIN % count)
        overrides = f'dev_overrides {{ "opensearch-project/opensearch" = "{Path(tofu.provider).resolve().parent}" }}'
        (folder / "tofu.rc").write_text(f"provider_installation {{\n  {overrides}\n  direct {{}}\n}}\n")
        self._environ = {
            **os.environ,
            "TF_CLI_CONFIG_FILE": str(folder / "tofu.rc"),
            "TF_VAR_url": url,
            "TF_VAR_slack": SLACK_URL,
            "CHECKPOINT_DISABLE": "1",
        }

    def run(self, verb: str, *flags: str) -> Spent:
        """What one command took."""
        more = () if verb == "validate" else ("-input=false", "-no-color")
        return run_process([self._tofu.program, verb, *more, *flags], self._environ, self._folder)
