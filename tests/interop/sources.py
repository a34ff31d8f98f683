"""Secrets and signatures, by programs that are nobody's here: sops with age, and a second signer for AWS."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import httpx

from reconciler.simulator import Simulator
from tests.interop.tools import NotRunError, Tool, run, words_of

__all__ = ["play_signatures", "play_sops"]

SOPS = Tool("sops", "github.com/getsops/sops/v3/cmd/sops@v3.13.3", "go", ("--version", "--disable-version-check"))
_AWS4 = "aws4@1.13.2"
_COMMAND = Path(sys.executable).parent / "reconciler"
_URL = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/{}"
_SIGN = """
const aws4 = require("aws4"), asked = JSON.parse(require("fs").readFileSync(process.argv[2], "utf8"));
console.log(aws4.sign(asked.request, asked.credentials).headers.Authorization);
"""


def play_sops() -> list[str]:
    """A secret that sops encrypted to a key of age is resolved, planned, applied, and changed."""
    age, age_version = words_of(Tool("age-keygen"))
    sops, version = words_of(SOPS)
    with tempfile.TemporaryDirectory(prefix="reconciler-interop-") as name, Simulator() as simulator:
        folder = Path(name)
        key, project = folder / "key.txt", folder / "project"
        run([*age, "-o", key])
        recipient = run([*age, "-y", key]).stdout.strip()
        path = f"{Path(sops[0]).parent}{os.pathsep}{os.environ['PATH']}"
        environ = {"SOPS_AGE_KEY_FILE": str(key), "PATH": path}
        run([_COMMAND, "init", project, "--url", simulator.url], folder)
        manifest = project / "channels/example.yaml"
        text = manifest.read_text("utf-8").replace("{env: EXAMPLE_SLACK_URL}", "{sops: secrets.yaml, key: team.slack}")
        manifest.write_text(text, "utf-8")
        for word in ("first", "second"):
            plain = folder / "secrets.yaml"
            plain.write_text(f"team:\n  slack: {_URL.format(word)}\n", "utf-8")
            run([*sops, "encrypt", "--age", recipient, "--output", project / "secrets.yaml", plain], folder, environ)
            assert word not in (project / "secrets.yaml").read_text("utf-8")
            planned = run([_COMMAND, "plan", "--detailed-exitcode"], project, environ, expect=2)
            assert word not in planned.stdout + planned.stderr
            run([_COMMAND, "apply", "--yes"], project, environ)
            run([_COMMAND, "plan", "--detailed-exitcode"], project, environ)
    return [version, age_version or "age", "two values"]


def play_signatures() -> list[str]:
    """Requests as the provider signs them carry the signature that another signer makes of them."""
    npm, _ = words_of(Tool("npm"))
    with tempfile.TemporaryDirectory(prefix="reconciler-interop-") as name:
        folder = Path(name)
        if run([*npm, "install", "--silent", "--no-audit", "--no-fund", _AWS4], folder, expect=None).returncode:
            raise NotRunError(f"npm does not bring {_AWS4}")
        (folder / "sign.cjs").write_text(_SIGN)
        requests = asyncio.run(_signed())
        for request in requests:
            assert request.headers["authorization"] == _second_opinion(request, folder), request.url
    return [_AWS4, f"{len(requests)} requests"]


async def _signed() -> list[httpx.Request]:
    """Reads and writes as they go to a server, with what makes signing hard: queries, odd letters, a body, a token."""
    from reconciler.providers.sigv4 import SigV4Auth

    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    base = "https://search.example.org/_plugins/_notifications/configs"
    with patch.dict(os.environ, _ENVIRON):
        auth = SigV4Auth("eu-west-1", "es")
    async with httpx.AsyncClient(auth=auth, transport=httpx.MockTransport(answer)) as client:
        await client.get(base, params={"from_index": "0", "max_items": "100", "sort": "a b"})
        await client.get(f"{base}/acme_oncall")
        await client.post(base, json={"config": {"name": "Größe"}})
        await client.delete(f"{base}/acme_oncall")
    return sent


def _second_opinion(request: httpx.Request, folder: Path) -> str:
    names = re.findall(r"SignedHeaders=([^,]+)", request.headers["authorization"])[0].split(";")
    asked = {
        "request": {
            "method": request.method,
            "host": request.url.host,
            "path": request.url.raw_path.decode(),
            "headers": {name: request.headers[name] for name in names if name != "x-amz-security-token"},
            "body": request.content.decode(),
            "service": "es",
            "region": "eu-west-1",
        },
        "credentials": {
            "accessKeyId": _ENVIRON["AWS_ACCESS_KEY_ID"],
            "secretAccessKey": _ENVIRON["AWS_SECRET_ACCESS_KEY"],
            "sessionToken": _ENVIRON["AWS_SESSION_TOKEN"],
        },
    }
    (folder / "asked.json").write_text(json.dumps(asked), "utf-8")
    return run(["node", "sign.cjs", "asked.json"], folder).stdout.strip()


_ENVIRON = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "example/+key",
    "AWS_SESSION_TOKEN": "token==",
}
