"""`python -m tests.campaign`: the long campaign, whose work is `long`'s, so that its processes can import it."""

from __future__ import annotations

import sys

from tests.campaign.long import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
