"""Live objects -> manifests, and snapshots of what is owned. Pure: nothing is read or written here.

`choosing` says which objects are meant, `names` gives each a manifest's name, `documents` makes the manifests of
them, `snapshot` is the dated, redacted copy of what is owned that a fork may plan against.
"""

from reconciler.export.choosing import Wanted
from reconciler.export.documents import Exported, ManifestDocument, export_manifests
from reconciler.export.objects import LiveTarget

__all__ = ["Exported", "LiveTarget", "ManifestDocument", "Wanted", "export_manifests"]
