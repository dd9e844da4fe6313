"""`photoseek up`: both services as children of one command, on this machine."""
