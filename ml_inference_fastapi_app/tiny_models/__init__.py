"""The shipped tiny models, the scripts that trained them, and the demo's pictures."""
