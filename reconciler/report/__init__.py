"""Plans, results, tests and drift -> strings. Only this package words reports; it prints nothing itself.

`plan_text`, `result_text` and `drift_text` turn a result into a `Page` (`view`), which `view` lays out as text,
`markdown` and `html` as what their names say. `document` makes JSON of it; `machines`, `problems` and `sarif` serve CI
systems. Nothing is imported here, so that a verb that only shows problems does not load the rest.
"""
