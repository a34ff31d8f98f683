"""One comment on a pull or merge request, kept up to date, found again by a hidden marker and only if it is ours.

`place` says where the request is, from flags and the CI's variables; `forge` is what both sites have in common;
`github` and `gitlab` know one site's calls each. The text comes from `report`; nothing here knows a plan.
"""

from reconciler.comments.forge import CommentError, NoTokenError, marker, put_comment
from reconciler.comments.place import Place, find_place

__all__ = ["CommentError", "NoTokenError", "Place", "find_place", "marker", "put_comment"]
