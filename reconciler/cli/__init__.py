"""The command line: arguments -> options -> engine -> report -> exit code.

`main` is the one door of errors and exit codes; `verbs` holds one module for each verb, imported when it is called,
since start-up counts; `signals` says what Ctrl-C means at each moment.
"""
