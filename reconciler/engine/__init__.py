"""One run as a library: load, connect, read, plan, apply, export.

`load` the project, its desired state and what a run selects · `base` the project as a commit has it · `connect` a
target's settings -> an open provider · `read` what is live, matched · `targets` each one planned · `plan` the plan of
all targets · `saved_plan`, `snapshots` plans and snapshots as files · `apply` carries a plan out · `export` writes
manifests · `doctor` what a target's credentials may do.
"""
