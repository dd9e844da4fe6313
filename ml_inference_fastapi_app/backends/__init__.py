"""The models: protocols and their implementations."""
