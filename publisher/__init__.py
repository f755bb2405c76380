"""Follows the feed of approved snapshots and makes releases of the reading site from them."""
