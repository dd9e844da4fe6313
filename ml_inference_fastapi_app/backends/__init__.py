"""The models: protocols, the registry that names their implementations, and a package each."""
