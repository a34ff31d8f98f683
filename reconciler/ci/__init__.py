"""Keeps one comment on a pull or merge request up to date. It is found by a hidden marker, and only if it is ours.

`jobs` finds the request from flags and the CI's variables; `sites` holds what differs between GitHub and GitLab;
`forges` makes the calls. The text comes in as a string; nothing here knows about plans.
"""
