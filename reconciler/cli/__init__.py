"""The command line: arguments -> options -> engine -> report -> exit code.

`main` alone turns errors into exit codes, and says what Ctrl-C means at each moment; `verbs` holds one module for each
verb, imported when it is called, since start-up counts.
"""
