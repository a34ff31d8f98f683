"""The checks that anyone can run on a cluster of their own: `make test-live` (see `docs/test-live.md`).

`settings` what the environment says · `cluster` raw calls, what the cluster is, removal of what is ours · `run` one
run: its ids, its receivers, plans and applies · `plugin` fixtures and the record of outcomes · `__main__` the order of
things. The checks themselves are in `check_*.py`, named so that `pytest` alone does not collect them: without a
cluster there is nothing to check. `test_live_suite` runs all of it on simulators, as on any cluster.
"""
