"""Documents that hold several secrets: fetched once for all the keys asked of them, and the parts picked out.

What is shared by the sources that keep more than one value under a name: sops files, Vault and AWS secrets. `Once`
also serves the sources themselves.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Generic, TypeVar

from reconciler.errors import SecretError

__all__ = ["Once", "parse_document", "pick_value"]


T = TypeVar("T")


class Once(Generic[T]):
    """Fetches each name once, also when several threads ask at the same time; a failure is remembered too.

    Those who ask for one name wait for nobody who asks for another.
    """

    def __init__(self, fetch: Callable[[str], T]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._fetched: dict[str, Future[T]] = {}

    def get(self, name: str) -> T:
        """What was fetched under that name; raises what fetching it raised."""
        with self._lock:
            is_first = name not in self._fetched
            fetched = self._fetched.setdefault(name, Future())
        if is_first:
            try:
                fetched.set_result(self._fetch(name))
            except BaseException as error:  # whatever it is: those who wait for the same name must hear of it
                fetched.set_exception(error)
        return fetched.result()


def parse_document(text: str, place: str) -> object:
    """The JSON text as plain values."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise SecretError(f"{place} is not JSON, so it has no keys; check what is kept there") from None


def pick_value(document: object, key: str, place: str) -> str:
    """The text or whole number under `key`: a name, or names joined by dots that lead into nested maps."""
    found = document
    for name in [key] if isinstance(document, Mapping) and key in document else key.split("."):
        if not isinstance(found, Mapping) or name not in found:
            raise SecretError(f'{place} has no key "{key}"; check the name, nested keys are written a.b')
        found = found[name]
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if not isinstance(found, str):
        raise SecretError(f'key "{key}" of {place} holds no text; name a key whose value is a string')
    return found
