"""Live objects -> manifests, and snapshots of what is owned. Pure: nothing is read or written here.

`objects` says which objects are meant, `documents` names them and makes their manifests, `soundness` holds those to
what `validate` checks, `merging` keeps what a person wrote in one that is there, `texts` writes them as YAML;
`snapshot` is the dated, redacted copy of what is owned that a fork may plan against.
"""
