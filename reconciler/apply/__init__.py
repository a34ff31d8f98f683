"""Carry out a plan, one change at a time: test, write, read back, keep or roll back; one result each.

`run` orders the changes, `steps` carries one out, `testing` tests by canary or probe and judges the delivery,
`replacing` changes a kind and finishes what a killed run left, `writing` makes what is sent and is the only way to the
provider's writes, `session` is what they share, `results` what comes of it, `journal` what is recorded.
"""
