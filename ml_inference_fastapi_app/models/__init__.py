"""The life of a model: found, loaded, compiled, warmed, probed, unloaded. No requests."""
