"""Desired against live, as values: no network, files, clock or printing.

`desired` defaults, overrides and references · `marks`, `match` which live object belongs to which manifest, and
whose it is · `diff` the fields that differ · `changes` the plan as a value · `make` how it is made · `checks`
what cannot be planned, as what the server would refuse · `sending` what is on, and the tests it will send · `guards`
what holds a change · `origin` where a change comes from · `saved` the plan kept in a file, signed · `promise` what an
apply of that file may do. Nothing is imported here, since start-up counts.
"""
