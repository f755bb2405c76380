"""Settings of the CMS. `local` for a developer and the demo, `production`, `test`; all start from `base`."""
