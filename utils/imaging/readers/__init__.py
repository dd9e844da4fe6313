"""Readers of formats that need more than Pillow: each gives a picture, its turn and what lacks."""
