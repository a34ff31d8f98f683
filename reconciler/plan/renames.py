"""A create and a prune candidate that are equal but for the name: probably a rename, with the line to paste. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.diff import Secrets, diff_fields
from reconciler.masking import Masker
from reconciler.ownership import Matching
from reconciler.plan.fields import live_fields
from reconciler.resources import KINDS, Resource

__all__ = ["probable_renames"]


def probable_renames(
    created: Iterable[Resource], matching: Matching, secrets: Secrets, masker: Masker
) -> Iterator[str]:
    """One hint for each resource that is to be created and each candidate that equals it."""
    for resource in created:
        fields = {name: value for name, value in resource.fields.items() if name != "display_name"}
        for candidate in matching.candidates:
            if candidate.live.kind != resource.kind:
                continue
            live = live_fields(candidate.live, matching.names)
            comparison = diff_fields(KINDS[resource.kind], fields, live, secrets, masker)
            if not comparison.changes and not comparison.unresolved:
                yield (
                    f'{resource} equals {candidate.live.kind} "{candidate.name}", which no manifest names: if it was '
                    f"renamed, write  metadata.renamed_from: {candidate.name}"
                )
