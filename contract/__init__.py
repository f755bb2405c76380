"""What the CMS, the publisher and the search agree on: models, vocabulary, numbers and Vietnamese text rules.

Imports no other room of the project (import-linter holds this).
"""
