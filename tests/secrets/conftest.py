"""What the tests of secret sources share: settings, a call that resolves, and packages that bring a source."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from reconciler.model.values import SecretReference
from reconciler.secrets.resolver import Resolution, Resolver
from reconciler.secrets.sources import SecretSettings

MakeSettings = Callable[..., SecretSettings]
Resolve = Callable[..., Resolution]
Offer = Callable[..., None]


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    """Settings rooted in the test's folder; every part can be given."""

    def make(**parts: object) -> SecretSettings:
        return SecretSettings(**{"root": tmp_path, "sources": {}, "allow": None, "environ": {}, **parts})  # type: ignore[arg-type]  # parts are checked by the class

    return make


@pytest.fixture
def resolve(make_settings: MakeSettings) -> Resolve:
    """Resolve references, with settings made of the parts given."""

    def resolve(*references: SecretReference, **parts: object) -> Resolution:
        return asyncio.run(Resolver(make_settings(**parts)).resolve(references))

    return resolve


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Offer]:
    """Install a package, as far as Python is concerned, whose code offers a factory `make` under a source's name."""

    def offer(name: str, code: str, package: str = "") -> None:
        module = package or f"{name}_plugin"
        site = tmp_path / f"site-{module}"
        information = site / f"{module}-1.0.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(f"[reconciler.secrets]\n{name} = {module}:make\n")
        (site / f"{module}.py").write_text(textwrap.dedent(code))
        monkeypatch.syspath_prepend(site)
        modules.append(module)

    modules: list[str] = []
    yield offer
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    """moto's server, on loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws_environment(aws_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead AWS calls to moto's server and nowhere else."""
    for name, value in {
        "AWS_ENDPOINT_URL": aws_endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "plantedkey",
        "AWS_SESSION_TOKEN": "plantedsession",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-credentials"),
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
