"""The checkout, which under `--base` is untrusted: whoever proposes a change controls every file of it.

This module finds the checkout, and the paths, links and environment variables that lead into it. It looks for the
`.git` entry itself, since git's own search also takes a folder with `HEAD`, `objects/` and `refs/` for a repository.
Git and the secret sources both use it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError

_WORKSPACES = frozenset(
    {
        "BITBUCKET_CLONE_DIR",
        "BUILDKITE_BUILD_CHECKOUT_PATH",
        "BUILD_SOURCESDIRECTORY",
        "CI_PROJECT_DIR",
        "CIRCLE_WORKING_DIRECTORY",
        "CODEBUILD_SRC_DIR",
        "DRONE_WORKSPACE",
        "GITHUB_WORKSPACE",
        "PWD",
        "SYSTEM_DEFAULTWORKINGDIRECTORY",
        "TRAVIS_BUILD_DIR",
        "WORKSPACE",
    }
)
"""Variables in which shells and CI systems name the folder of the checkout."""

_LOADED = re.compile(
    r"(PYTHON|NODE_|NPM_|RUBY|GEM_|BUNDLE_|PERL5|LD_|DYLD_|GIT_|JAVA_|_JAVA|JDK_|LUA_|PHP)\w*"
    r"|BASH_ENV|ENV|CLASSPATH|GCONV_PATH|OPENSSL_CONF|MAKEFILES|MAKEFLAGS|ZDOTDIR"
    r"|AWS_CONFIG_FILE|AWS_SHARED_CREDENTIALS_FILE|AWS_DATA_PATH|BOTO_CONFIG"
)
"""Variables that tell an interpreter, a shell, the loader or an AWS library what else to load or run."""

_AWS_FILES = {
    "AWS_CONFIG_FILE": "~/.aws/config",
    "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials",
    "AWS_DATA_PATH": "~/.aws/models",
    "BOTO_CONFIG": "~/.boto",
}
"""Variables that name the files that AWS libraries read in this process, and the files if a variable is not set
(botocore's `session.py` and `credentials.py`). The first two may name a program (`credential_process`); the first and
the third can say where requests go."""

_HOMES = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")

_TRUST = frozenset(
    {
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "SSLKEYLOGFILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "AWS_CA_BUNDLE",
        "VAULT_CACERT",
        "VAULT_CAPATH",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    }
)
"""Variables that name certificate authorities, proxies, or a file to write the keys of connections to."""


@dataclass(frozen=True)
class Checkout:
    """A git work tree: `top` is the folder that holds its `.git` entry, an absolute path."""

    top: Path

    @classmethod
    def around(cls, start: Path) -> Checkout:
        """The work tree around a folder. ConfigurationError if there is none, or if a proposal could choose which one.

        Refused are a link in place of a folder or of `.git`, which may lead to a repository that somebody else made;
        and a submodule, whose address and commit are chosen by whoever proposes a change to the outer repository.
        """
        for folder in (start, *start.parents):
            entry = folder / ".git"
            try:
                mode = entry.lstat().st_mode
            except OSError:
                continue
            if stat.S_ISLNK(mode):
                raise ConfigurationError(
                    f"{entry} is a symbolic link, and git is not run through one: clone the repository here"
                )
            _refuse_links(folder, start)
            if stat.S_ISREG(mode):
                _refuse_submodule(entry)
            return cls(folder)
        raise ConfigurationError(f"{start} is not in a git repository: run the command in the checkout")

    @cached_property
    def _real(self) -> str:
        return os.path.realpath(self.top)

    def holds(self, path: str | os.PathLike[str]) -> bool:
        """Whether a path leads into the checkout, by its name or through links."""
        return any(
            _is_at_or_below(found, top)
            for found in (os.path.normpath(Path(path).absolute()), os.path.realpath(path))
            for top in (str(self.top), self._real)
        )

    def is_named_in(self, text: str) -> bool:
        """Whether a text contains the path of the checkout, as `--require=/srv/checkout/x.js` does."""
        return any(re.search(f"{re.escape(top)}(?![^/:;,\\s'\"])", text) for top in (str(self.top), self._real))

    def search_path(self, environ: Mapping[str, str]) -> str:
        """PATH without entries that are empty, relative or in the checkout, so that no program of it can be found."""
        entries = environ.get("PATH", os.defpath).split(os.pathsep)
        return os.pathsep.join(entry for entry in entries if Path(entry).is_absolute() and not self.holds(entry))

    def bounded_environ(self, environ: Mapping[str, str], folder: Path) -> dict[str, str]:
        """The environment of a command that runs in `folder` instead of the checkout.

        ConfigurationError if a home folder is in the checkout, since programs would read their settings there.
        """
        for name in _HOMES:
            if (value := environ.get(name)) and self.holds(value):
                raise ConfigurationError(f"{name} is inside the checkout, so its settings files are the proposal's")
        kept = {
            name: value
            for name, value in environ.items()
            if not (_LOADED.fullmatch(name) and self._leads_into(value)) and name != "OLDPWD"
        }
        moved = {name: str(folder) for name in _WORKSPACES & kept.keys() if self._is_workspace(kept[name])}
        return {**kept, **moved, "PWD": str(folder), "PATH": self.search_path(environ)}

    def check_aws_files(self, environ: Mapping[str, str]) -> None:
        """ConfigurationError if AWS libraries would read settings from the checkout, since these can name programs."""
        for name, usual in _AWS_FILES.items():
            for entry in (environ.get(name) or usual).split(os.pathsep):
                if self.holds(_expanded(entry)):
                    where = name if environ.get(name) else usual
                    raise ConfigurationError(
                        f"{where} points into the checkout, so the AWS settings, which can name a program to run, are "
                        "the proposal's: keep the file outside of the checkout"
                    )

    def untrusted_settings(self, environ: Mapping[str, str]) -> list[str]:
        """The variables for certificates, proxies and key logs whose values lead into the checkout, sorted."""
        return sorted(name for name in environ if name.upper() in _TRUST and self._leads_into(environ[name]))

    def _leads_into(self, value: str) -> bool:
        parts = [part for part in value.split(os.pathsep) if Path(part).is_absolute()]
        return self.is_named_in(value) or any(self.holds(part) for part in parts)

    def _is_workspace(self, value: str) -> bool:
        return self.holds(value) or _is_at_or_below(self._real, os.path.realpath(value))


def started_in(folder: Path, environ: Mapping[str, str]) -> Path:
    """The folder that a command was started in, as the shell names it (PWD), so that links on the way can be seen."""
    named = environ.get("PWD", "")
    try:
        if Path(named).is_absolute() and Path(named).samefile(folder):
            return Path(os.path.normpath(named))
    except OSError:
        pass
    return folder.absolute()


def _is_at_or_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _expanded(path: str) -> Path:
    """A path with `~` and variables expanded, as AWS libraries do."""
    try:
        return Path(os.path.expandvars(path)).expanduser()
    except RuntimeError:  # there is no such user, so `~name` is the name of a folder
        return Path(path)


def links_on_the_way(folder: Path, path: Path) -> Iterator[Path]:
    """The links on the way from a folder down to a path below it, the path itself included."""
    step = folder
    for part in path.relative_to(folder).parts:
        step = step / part
        if step.is_symlink():
            yield step


def _refuse_links(top: Path, start: Path) -> None:
    for link in links_on_the_way(top, start):
        raise ConfigurationError(f"{link} is a symbolic link: run the command in the folder itself")


def _refuse_submodule(entry: Path) -> None:
    """ConfigurationError if a `.git` file is that of a submodule, which leads into an outer `.git`, and not that of a
    linked work tree, which has a `commondir`."""
    text = entry.read_text("utf-8", "surrogateescape").removeprefix("gitdir:").strip()
    target = os.path.realpath(entry.parent / text)
    if Path(target, "commondir").exists():
        return
    for folder in entry.parent.parent, *entry.parent.parent.parents:
        outer = folder / ".git"
        if outer.is_dir() and _is_at_or_below(target, os.path.realpath(outer)):
            raise ConfigurationError(
                f"{entry.parent} is a submodule of {folder}, where whoever proposes a change chooses its commit: "
                "clone it by itself, or keep the project in the outer repository"
            )
