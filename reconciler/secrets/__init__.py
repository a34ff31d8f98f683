"""Secret sources: reference -> value, for all references that a run needs, before its first write.

`resolver` resolves references: which are allowed, what their values are, and why others have none. Each value is read
once, several at a time, with a time limit. `sources` has the settings, the Protocol of a source, and this machine's
sources (variables, files, mounted Secrets); `commands`, `vault` and `aws` have the others. `bounds` says what a
proposal's files may do under `--base`. Nothing here knows about manifests and their fields. Values are returned as
`SecretText`, failures as messages that never contain a value.
"""
