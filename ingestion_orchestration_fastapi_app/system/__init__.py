"""What the system says of itself. Reads settings, metrics and folders; changes nothing."""
