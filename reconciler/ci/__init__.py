"""One comment on a pull or merge request, kept up to date, found again by a hidden marker and only if it is ours.

`place` says where the request is, from flags and the CI's variables; `forges` makes the calls of GitHub and GitLab. The
text comes in as a string; nothing here knows a plan.
"""
