"""What an index page would show, and what a wheel brings: built here as a release builds it, but for the network."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest

from reconciler import __version__

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    words = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_string(archive.read(name).decode("utf-8"))


def test_the_distribution_has_a_name_of_its_own_and_the_version_of_the_code(metadata: Message) -> None:
    assert (metadata["Name"], metadata["Version"]) == ("channel-reconciler", __version__)
    assert metadata["Author"] == "the reconciler authors"
    assert metadata["License-Expression"] == "Apache-2.0"


def test_every_python_and_system_that_is_meant_to_work_is_named(metadata: Message) -> None:
    classifiers = metadata.get_all("Classifier", [])
    for version in range(11, 15):
        assert f"Programming Language :: Python :: 3.{version}" in classifiers
    assert {line.split(" :: ")[1] for line in classifiers if line.startswith("Operating System")} == {
        "MacOS",
        "Microsoft",
        "POSIX",
    }


def test_no_link_of_the_page_needs_a_file_next_to_it(metadata: Message) -> None:
    home: str = PYPROJECT["project"]["urls"]["Homepage"]
    page = str(metadata.get_payload())
    links = LINK.findall(page)
    assert len(links) > 10
    assert all(link.startswith(("https://", "#")) for link in links), links
    ours = [link for link in links if link.startswith(home)]
    for link in ours:
        path = re.sub("^/(blob|raw)/main/", "", link.removeprefix(home)).partition("#")[0]
        assert (ROOT / path).exists(), link
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page)
    assert pictures
    assert all(link.startswith(f"{home}/raw/main/docs/pictures/") for link in pictures), "an index page shows the file"
    assert len(ours) == len(LINK.findall((ROOT / "README.md").read_text("utf-8"))) - (len(links) - len(ours))


def test_all_addresses_are_below_one_home(metadata: Message) -> None:
    home = PYPROJECT["project"]["urls"]["Homepage"]
    addresses = [line.partition(", ")[2] for line in metadata.get_all("Project-URL", [])]
    assert len(addresses) >= 4
    assert all(address.startswith(home) for address in addresses)


def test_a_wheel_brings_the_package_its_schemas_and_the_command_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry_points,) = [name for name in names if name.endswith("entry_points.txt")]
        assert "reconciler = reconciler.__main__" in archive.read(entry_points).decode("utf-8")
    tops = {name.split("/")[0] for name in names}
    assert tops == {"reconciler", f"channel_reconciler-{__version__}.dist-info"}
    published = {path.name for path in (ROOT / "schemas/v1").glob("*.json")}
    assert published <= {name.removeprefix("reconciler/schemas/v1/") for name in names}
    assert "reconciler/py.typed" in names


def test_nothing_tells_people_to_install_a_strangers_package() -> None:
    patterns = ["*.md", "docs/**/*.md", "reconciler/**/*.py", "examples/**/*.*", "ci/*", "templates/*", "action.yml"]
    found = (path for pattern in patterns for path in ROOT.glob(pattern) if "__pycache__" not in path.parts)
    files = [path for path in found if path.is_file()]
    assert len(files) > 100
    stranger = re.compile(r"""\binstall (-\S+ )*["']?reconciler\b""")
    assert stranger.search('pip install --quiet "reconciler[simulator]"')
    assert [path for path in files if stranger.search(path.read_text("utf-8"))] == []
