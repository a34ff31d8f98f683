"""The command line: arguments -> options -> engine -> report -> exit code.

`main` alone turns errors into exit codes; `verbs` holds one module for each verb, imported when it is called,
since start-up counts; `signals` says what Ctrl-C means at each moment.
"""
