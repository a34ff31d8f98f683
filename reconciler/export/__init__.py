"""Live objects -> manifests, and snapshots of what is owned. Pure: nothing is read or written here.

`objects` selects the objects, `documents` names them and makes their manifests, `soundness` checks these as `validate`
does, `merging` keeps what a person wrote in an existing manifest, `texts` writes them as YAML. `editing` changes values
in the text of a manifest, `terraform` reads names and ids from a state, and `snapshot` is the dated, redacted copy of
what is owned that a fork may plan against.
"""
