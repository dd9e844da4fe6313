"""What an import learns before it writes anything: a dry run is no more than that."""
