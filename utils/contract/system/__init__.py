"""What the orchestrator says of itself: versions, disk, settings, log lines, an hour's figures."""
