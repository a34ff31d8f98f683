"""The scripts that write files of this repository."""
