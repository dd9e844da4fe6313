"""The stages of an import, one a file, in the order of `pipeline.py`."""
