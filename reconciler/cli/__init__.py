"""The command line: arguments -> options -> engine -> report -> exit code.

`main` is the one entrance; `verbs` holds one module for each verb, imported when it is called, since start-up counts.
"""

from reconciler.cli.main import main

__all__ = ["main"]
