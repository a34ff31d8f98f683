"""References -> values, in one call: what is allowed, what was found, what was not and why.

The reading itself, with its threads and event loop, lives in `reading` and is imported only when something is read,
so that a run without secrets does not pay for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reconciler.resources import SecretReference, SecretText
from reconciler.secrets.settings import SecretSettings

if TYPE_CHECKING:
    from reconciler.secrets.reading import Failure, Reader

__all__ = ["Resolution", "Resolver"]


@dataclass(frozen=True)
class Resolution:
    """What became of the references of one call: every one that is not `live` is in exactly one of the two.

    A failure is one clear sentence, with what to do and without any value; it does not repeat the reference.
    """

    values: Mapping[SecretReference, SecretText]
    failures: Mapping[SecretReference, str]


class Resolver:
    """Resolves the references of one run. What was read once, or failed once, is not read again."""

    def __init__(self, settings: SecretSettings) -> None:
        self._settings = settings
        self._reader: Reader | None = None

    def is_allowed(self, reference: SecretReference) -> bool:
        """Whether `spec.secrets.allow` has a pattern for `source:argument`; without the list everything is allowed.

        A `*` also matches `/`, but no wildcard matches an argument that climbs with `..`: `file:keys/*` must not open
        `keys/../../other`. Such an argument has to stand in the list as it is.
        """
        allow = self._settings.allow
        if allow is None or reference.is_live:
            return True
        asked = f"{reference.source}:{reference.argument}"
        if ".." in reference.argument.replace("\\", "/").split("/"):
            return asked in allow
        return any(fnmatchcase(asked, pattern) for pattern in allow)

    async def resolve(self, references: Iterable[SecretReference]) -> Resolution:
        """Read what the references name, each distinct read once per run, side by side; never raises for a failed one.

        `live` references are left out of the result. A reference's form is applied to the value that was read.
        """
        import asyncio

        wanted = [reference for reference in dict.fromkeys(references) if not reference.is_live]
        readings = await asyncio.gather(*(self._reading(reference) for reference in wanted))
        values = {}
        failures = {}
        for reference, reading in zip(wanted, readings, strict=True):
            if isinstance(reading, SecretText):
                values[reference] = _in_form(reading, reference.form)
            else:
                failures[reference] = reading.words
        return Resolution(values, failures)

    async def _reading(self, reference: SecretReference) -> SecretText | Failure:
        from reconciler.secrets.reading import Failure, Reader

        if not self.is_allowed(reference):
            return Failure(
                "not allowed: no pattern in spec.secrets.allow of the project file matches "
                f"{reference.source}:{reference.argument}; add one, or use a source that is allowed"
            )
        if reference.form and "{}" not in reference.form:
            return Failure("the format has no {} where the value goes; write it as 'Bearer {}'")
        if self._reader is None:
            self._reader = Reader(self._settings)
        return await self._reader.read(reference.source, reference.argument, reference.key)


def _in_form(value: SecretText, form: str) -> SecretText:
    return SecretText(form.replace("{}", value.reveal())) if form else value
