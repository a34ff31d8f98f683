"""A merged spec -> its model: what a manifest asks for on one target, as typed values.

Apart from `load` because it runs once per target, after defaults and overrides were merged in by `desired`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from reconciler.manifests.check import check_spec
from reconciler.manifests.kinds import SPEC_MODELS, KindSpec
from reconciler.manifests.words import Problem

__all__ = ["SpecError", "parse_spec"]


class SpecError(Exception):
    """A merged spec that is not complete or not right; the paths of `problems` begin below `spec`."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


def parse_spec(kind: str, merged: Mapping[str, Any]) -> KindSpec:
    """The spec of one kind as one target gets it; without `targets` and `overrides`. SpecError if it won't do."""
    spec = {key: value for key, value in merged.items() if key not in ("targets", "overrides")}
    try:
        return SPEC_MODELS[kind].model_validate(spec)
    except ValidationError as error:
        paths = [item["loc"] for item in error.errors(include_url=False, include_context=False, include_input=False)]
    # Raised here so that no traceback leads to pydantic's error, which holds the values.
    problems = check_spec(kind, spec) or [Problem(path, "is not allowed here", "not-allowed") for path in paths]
    raise SpecError(problems)
