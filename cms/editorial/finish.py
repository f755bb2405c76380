"""The name WAGTAIL_FINISH_WORKFLOW_ACTION points to.

Wagtail imports it while `wagtail.models` itself is being imported, so this module may import nothing of Wagtail's.
"""

from typing import Any


def publish_approved(workflow_state: Any, user: Any = None) -> None:
    """See `cms.editorial.publication.publish_approved`."""
    from cms.editorial import publication

    publication.publish_approved(workflow_state, user=user)
