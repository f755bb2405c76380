"""The public search service: a Django project without database, sessions, users or admin."""
