"""The kind of job that imports folders. `pipeline.py` wires the stages and sets every buffer."""
