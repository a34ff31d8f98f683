"""`--if-head BRANCH`: an apply of a commit that is no longer the newest of its branch is refused.

A pipeline may run late, or be started once more: what it would bring back was replaced by a later commit already.
"""

from __future__ import annotations

from pathlib import Path

from reconciler.errors import ConfigurationError, RefusedError
from reconciler.git import Repository

__all__ = ["refuse_unless_head"]

_SHOWN = 10  # characters of a commit's hash


def refuse_unless_head(folder: Path, branch: str) -> None:
    """RefusedError unless the commit around the folder is the tip of the branch, at `origin` where there is one."""
    repository = Repository.around(folder)
    here, tip = repository.commit("HEAD").hash, repository.tip(branch)
    if not tip:
        raise ConfigurationError(f"--if-head {branch}: git knows no such branch")
    if here != tip:
        raise RefusedError(
            f"--if-head {branch}: this is {here[:_SHOWN]}, and the branch is at {tip[:_SHOWN]} by now: "
            "nothing was written; the newer commit's own run applies it"
        )
