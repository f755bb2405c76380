"""JSON Lines: one JSON object a line, as the feed and its file form have it."""

from typing import Any

from rest_framework.renderers import BaseRenderer, JSONRenderer


class JSONLinesRenderer(BaseRenderer):
    """Renders a list of ready lines (bytes); anything else, such as an error, as plain JSON."""

    media_type = "application/x-ndjson"
    format = "ndjson"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        if isinstance(data, list):
            return b"".join(line + b"\n" for line in data)
        return JSONRenderer().render(data) + b"\n"
