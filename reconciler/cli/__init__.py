"""The command line: read arguments, build the parts, call them, print, turn errors into exit codes.

`main` is the one door; `verbs` holds one module for each verb, imported when it is called, since start-up counts.
"""

from reconciler.cli.door import main

__all__ = ["main"]
