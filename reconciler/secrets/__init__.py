"""Secret sources: reference -> value, for the references that a run needs, all of them before its first write.

`settings` holds what the project file says and the Protocol of a source; `resolver` answers for references: which are
allowed, which values they have, which could not be had; each read is done once, side by side and bounded in time, by
the source of its name: `local`, `commands`, `vault` and `aws` are the sources. Manifests and fields are
unknown here. Values leave as `SecretText`, failures as words that never hold one.
"""
