"""Untrusted decoders in processes that can be killed: how they run, not what they decode."""
