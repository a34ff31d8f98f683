"""Marks and matching: which live object belongs to which manifest, which is ours, which is foreign.

There is no state file. Ownership is the mark `[owner/name FLAG...]` that ends a live object's description (`marks`);
the key is the id we chose, where the provider lets us choose. `match` matches a desired state to what is live, resource
by resource in `finder`; `matched` has the values of that. Nothing here decides what to change, or calls anybody.
"""

from reconciler.ownership.marks import (
    CANARY,
    PROTECTED,
    REPLACED,
    UNPROVED,
    Mark,
    describe,
    longest_mark,
    read_mark,
)
from reconciler.ownership.match import match_live, read_found
from reconciler.ownership.matched import Found, How, Match, Matching, Ownership, Refusal

__all__ = [
    "CANARY",
    "PROTECTED",
    "REPLACED",
    "UNPROVED",
    "Found",
    "How",
    "Mark",
    "Match",
    "Matching",
    "Ownership",
    "Refusal",
    "describe",
    "longest_mark",
    "match_live",
    "read_found",
    "read_mark",
]
