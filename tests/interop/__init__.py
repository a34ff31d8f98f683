"""Rounds against servers and tools that are nobody's here, for `make interop`: what is not installed is NOT RUN."""
