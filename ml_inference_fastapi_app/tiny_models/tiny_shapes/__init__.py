"""The shipped tiny model: its world, its config, its weights, and the script that trained it."""
