"""Scripts that write files of this repository from its source; each has `--write` and `--check`."""
