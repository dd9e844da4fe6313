"""Files that clients send: into the inbox, and from there into a collection."""
