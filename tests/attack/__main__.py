"""`make attack` (PROJECTS=500 SEED=7): the long campaign. `python -m tests.attack --project N SEED` plays one again."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.attack.world import world_in

PROJECTS, SEED = 500, 7


def main(arguments: Sequence[str]) -> int:
    """0 if nothing leaked, ran or hung, 1 otherwise."""
    single = arguments[:1] == ["--project"]
    numbers = [int(argument) for argument in arguments[single:]]
    first = numbers[0] if numbers else PROJECTS
    seed = numbers[1] if numbers[1:] else SEED
    began, wrong = time.monotonic(), list[str]()
    with tempfile.TemporaryDirectory(prefix="attack-") as folder, world_in(Path(folder).resolve()) as world:
        for number in [first] if single else range(first):
            lines = world.play(number, seed)
            sys.stdout.write("".join(f"WRONG {line}\n" for line in lines))
            wrong += lines
    counts = ", ".join(f"{sum(f': {word}' in line for line in wrong)} {name}" for word, name in _WORDS.items())
    played = ", ".join(f"{what} {count}" for what, count in sorted(world.played.items()))
    sys.stdout.write(f"played: {played}\n")
    minutes = (time.monotonic() - began) / 60
    sys.stdout.write(
        f"attack campaign: {1 if single else first} projects, {counts}, seed {seed}, {minutes:.1f} minutes\n"
    )
    return bool(wrong)


_WORDS = {"LEAK": "leaks", "EXECUTION": "executions", "HANG": "hangs"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
