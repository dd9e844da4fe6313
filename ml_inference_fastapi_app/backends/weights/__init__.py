"""Where weights come from: names resolved to files that are on this machine. Loads nothing."""
