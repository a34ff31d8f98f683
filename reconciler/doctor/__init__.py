"""What is wrong between here and a target, and the mend: one check after the other, each with its outcome.

`checks` holds the outcomes as values, `network` looks at address, names, proxy, TLS and clock without credentials,
`target` asks the provider what these credentials may do. Nothing is written and no message is sent.
"""

from reconciler.doctor.checks import Check, Health

__all__ = ["Check", "Health"]
