"""One comment on a pull or merge request, kept up to date, found again by a hidden marker and only if it is ours.

`jobs` says where the request is, from flags and the CI's variables; `sites` what differs between GitHub and GitLab;
`forges` makes the calls. The text comes in as a string; nothing here knows a plan.
"""
