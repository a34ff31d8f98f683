"""The operator: the same manifests as custom resources of Kubernetes, reconciled continuously on the engine.

It is a thin face, as the command line is: custom resources -> options -> engine -> status. This package turns resources
into what the engine takes and its results into conditions; planning, applying and testing are the library's.

- `install` and what it is made of write what a cluster needs before an operator can run there. They are pure, and need
  no extra.
- What runs needs the extra `operator` (kopf), and is imported when `reconciler operator run` is called.
"""
