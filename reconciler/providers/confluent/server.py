"""Which organisation is behind the address. Pure; the call is `client`'s.

No call says it. But every object has a resource name (`crn://confluent.cloud/organization=.../integration=...`).
"""

from __future__ import annotations

import re
from typing import Any

from reconciler.resources import Server

__all__ = ["parse_server"]

_ORGANISATION = re.compile(r"/organization=([^/]+)(?:/|$)")


def parse_server(listing: Any, address: str) -> Server:
    """The organisation from a list of any objects; the address stands for one that tells nothing."""
    organisation = _organisation(listing)
    if organisation:
        return Server("Confluent Cloud", organisation)
    note = "no object of the organisation tells its id, so the address stands for the identity"
    return Server("Confluent Cloud", address, notes=(note,))


def _organisation(listing: Any) -> str:
    """The organisation's id from the resource name of the first object of a list; "" if it tells none."""
    items = listing.get("data") if isinstance(listing, dict) else None
    first = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}
    metadata = first.get("metadata")
    name = metadata.get("resource_name") if isinstance(metadata, dict) else None
    found = _ORGANISATION.search(name) if isinstance(name, str) else None
    return found[1] if found else ""
