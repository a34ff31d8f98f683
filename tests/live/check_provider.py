"""The tour that every provider takes, on the cluster: whatever `test_contract` asks, it asks here too."""

from __future__ import annotations

from tests.providers import test_contract

globals().update({name: check for name, check in vars(test_contract).items() if name.startswith("test_")})
