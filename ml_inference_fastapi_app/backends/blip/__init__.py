"""BLIP on torch: captions."""
