"""What both services' HTTP side shares: logs, request ids, problems, keys, metrics."""
