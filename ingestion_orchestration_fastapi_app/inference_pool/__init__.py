"""The inference services, seen once: who is well, who has room, whose model counts."""
