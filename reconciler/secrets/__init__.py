"""Secret sources: reference -> value, for the references that a run needs, all of them before its first write.

`settings` holds what the project file says and the Protocol of a source; `resolver` answers for references: which
are allowed, which values they have, which could not be had. Behind it `reading` does each read once, side by side
and bounded in time, `sources` finds the source of a name, and `local`, `commands`, `sops`, `vault` and `aws` are the
sources, on the helpers `values` and `documents`.

Manifests and fields are unknown here, and `live` references are passed over: their value is the live object's.
Apart from the manifests because this touches the world, and because a value must not get near what is reported:
values leave as `SecretText`, failures as words that never hold one. Importing this package costs no library.
"""

from __future__ import annotations

from reconciler.secrets.resolver import Resolution, Resolver
from reconciler.secrets.settings import SecretSettings, SecretSource

__all__ = ["Resolution", "Resolver", "SecretSettings", "SecretSource"]
