"""JSON Lines: one JSON object a line, as the feed and its file form have it."""

from rest_framework.renderers import JSONRenderer


class JSONLinesRenderer(JSONRenderer):
    """Names the feed's media type for content negotiation; errors of the feed are rendered as one line of JSON."""

    media_type = "application/x-ndjson"
    format = "ndjson"
