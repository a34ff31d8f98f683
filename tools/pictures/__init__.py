"""The pictures in `docs/pictures/`, made by `make pictures`: each from a real run against the simulator.

None is drawn by hand. The comment is rendered by GitHub's own parser and style, pages are taken in Chromium, the
terminal is what a run wrote to one, with its times, and the house is the import graph. It runs in an environment of
its own (`requirements/pictures.txt`), needs Chromium, npm and git, and stops with an error at what is missing.
"""
