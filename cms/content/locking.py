"""One page at a time: whoever decides about a page takes its row first.

The order is the same everywhere (page, then workflow, then ledger), so two decisions wait for each other and never
block each other for good.
"""

from wagtail.models import Page


def lock_page(page_id: int | str) -> Page | None:
    """Hold the page's row for the rest of the transaction; return the page as it is now, None when it is gone.

    Pages read before may be stale: whoever saves one of those puts it back to where it was before a move. Needs a
    transaction. On SQLite, where a writer has the whole database to itself, it only reads.
    """
    # Not FOR UPDATE: that would also stop everybody who writes a row that points to the page.
    page = Page.objects.select_for_update(no_key=True).filter(pk=page_id).first()
    return page.specific if page else None
