"""Tells requests that a page of another site makes a reader's browser send.

The service keeps no session, so there is no right such a request could borrow; it must not make a reader's connection
count, ask or use up its budget either.
"""

from urllib.parse import urlsplit

from django.http import HttpRequest

# "none": typed, a bookmark, a link in a mail.
_OURS = {"same-origin", "none"}


def comes_from_elsewhere(request: HttpRequest) -> bool:
    """Whether a browser says so. Browsers that do not know `Sec-Fetch-Site` send `Origin` with every form."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in _OURS
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.get_host()
