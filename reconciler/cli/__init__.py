"""The command line: arguments -> options -> engine -> report -> exit code.

`main` alone turns errors into exit codes and handles signals; `verbs` holds one module for each verb, which is imported
only when that verb is called, to keep the start fast.
"""
