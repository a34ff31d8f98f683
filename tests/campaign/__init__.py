"""The fault campaign: applies that meet every fault at every step, are killed at every step, or meet another hand.

`world` the state before, what is wanted, and runs over it · `cases` what goes wrong · `verdicts` what must hold
afterwards · `test_campaign` the short campaign · `python -m tests.campaign` the long one. Seeded and repeatable.
"""
