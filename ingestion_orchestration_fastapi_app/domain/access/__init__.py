"""Who may log in, how often, for how long."""
