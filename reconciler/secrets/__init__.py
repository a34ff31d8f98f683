"""Secret sources: reference -> value, for the references that a run needs, all of them before its first write.

`sources` holds what the project file says, the Protocol of a source and this machine's own (variables, files, mounted
Secrets); `resolver` answers for references: which are
allowed, which values they have, which could not be had; each read is done once, side by side and bounded in time, by
the source of its name: `commands`, `vault` and `aws` are the other sources. Manifests and fields are
unknown here. Values leave as `SecretText`, failures as words that never hold one.
"""
