"""The web app as browsers load it: its shell at every address that it has, and its files."""
