"""CLIP on torch: any open_clip model."""
