"""The kind `dry_run`: says what an import would do, how long it takes and which space it needs."""
