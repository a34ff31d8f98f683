"""Alerting: monitors and workflows that send through channels, as far as recordings of 3.6.0 show it.

In reading order: `shapes` (a monitor as it is stored and shown), `monitors` (the store of them), `queries` (the search
call's query language over the mapped fields), `searching` (the search call), `running` (what a run sends), `alerts`
(what it leaves behind), `errors` and `plugin` (the routes). Conditions of triggers are not evaluated: all but `false`
hold. Runs happen on request only; nothing is scheduled.
"""
