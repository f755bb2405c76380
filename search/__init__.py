"""Search over what is published: indexes made from releases, query understanding, and the public search service."""
