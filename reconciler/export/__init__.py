"""Live objects -> manifests, and snapshots of what is owned. Pure: nothing is read or written here.

`objects` says which objects are meant, `documents` names them and makes their manifests, `texts` writes those as YAML,
`snapshot` is the dated, redacted copy of what is owned that a fork may plan against.
"""
