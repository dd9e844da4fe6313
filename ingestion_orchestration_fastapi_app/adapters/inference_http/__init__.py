"""The inference service over HTTP."""
