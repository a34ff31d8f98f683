"""The programs of the tests' own Kubernetes: etcd, the generic API server and Helm, built from source by the ordinary
Go client. They are kept outside the checkout, by the hash of what they are made from, and never committed.

The modules next to this file pin every source by its hash (`go.sum`). To move to another version of Kubernetes:
write it in `apiserver/go.mod` (`k8s.io/kubernetes`, its parts under `replace`, and `_VERSION` here), `go mod tidy`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

__all__ = ["PROGRAMS", "NotBuildableError", "binary", "find_go"]

_HERE = Path(__file__).parent / "apiserver"
_VERSION = "1.37.2"
_MAJOR, _MINOR, _ = _VERSION.split(".")
_NAMED = "k8s.io/component-base/version.git"
PROGRAMS = {
    "etcd": ("go.etcd.io/etcd/server/v3", "-s -w"),
    "apiserver": (
        "k8s.io/kubernetes/pkg/controlplane/apiserver/samples/generic",
        f"-s -w -X {_NAMED}Version=v{_VERSION} -X {_NAMED}Major={_MAJOR} -X {_NAMED}Minor={_MINOR}",
    ),
    "helm": ("helm.sh/helm/v4/cmd/helm", "-s -w"),
}
"""Each program by its module's folder: its package, and what the linker gets. Without a version that it can read the
server takes itself for 0.0, and refuses its own features."""

_LONGEST = 3600  # seconds of one build; on two busy cores the API server takes up to half an hour


class NotBuildableError(Exception):
    """This machine cannot build them; the text says what is missing."""


def find_go() -> str:
    """The path of the Go client; NotBuildableError where there is none, or one that is too old."""
    go = shutil.which("go")
    if go is None:
        raise NotBuildableError("Go is not installed")
    asked = subprocess.run([go, "list", "-m"], cwd=_HERE / "apiserver", capture_output=True, text=True, timeout=300)
    if asked.returncode and "requires go >=" in asked.stderr:
        raise NotBuildableError(f"this Go is too old: {asked.stderr.strip()}")
    return go


def binary(name: str) -> Path:
    """The path of `etcd`, `apiserver` or `helm`. What is not in the cache is built first: the server takes 5 to 30
    minutes, the module proxy and 3 GB of memory. RuntimeError with Go's own words if that fails."""
    folder = _cache() / f"{name}-{_fingerprint(name)}"
    if not (folder / name).is_file():
        _build(name, folder)
    return folder / name


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "channel-reconciler"


def _fingerprint(name: str) -> str:
    parts = [(_HERE / name / part).read_bytes() for part in ("go.mod", "go.sum")]
    return hashlib.sha256(b"".join([repr(PROGRAMS[name]).encode(), *parts])).hexdigest()[:16]


def _build(name: str, folder: Path) -> None:
    """Build one program, and put it in its place only when it is complete. NotBuildableError if its sources are not to
    be had; another source than the one that is pinned is an error like any other."""
    package, linked = PROGRAMS[name]
    folder.mkdir(parents=True, exist_ok=True)
    fetched = subprocess.run(
        [find_go(), "mod", "download"], cwd=_HERE / name, capture_output=True, text=True, timeout=_LONGEST
    )
    if fetched.returncode and "checksum mismatch" not in fetched.stderr:
        raise NotBuildableError(f"the sources of {name} cannot be fetched: {fetched.stderr.strip()[-500:]}")
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        made = Path(scratch) / name
        done = subprocess.run(
            [find_go(), "build", "-trimpath", "-buildvcs=false", "-ldflags", linked, "-o", str(made), package],
            cwd=_HERE / name,
            env={**os.environ, "CGO_ENABLED": "0", "GOCACHE": f"{scratch}/go", "GOTMPDIR": scratch},
            capture_output=True,
            text=True,
            timeout=_LONGEST,
        )
        if done.returncode:
            raise RuntimeError(f"{name} could not be built: {done.stderr.strip()[-2000:]}")
        made.replace(folder / name)
