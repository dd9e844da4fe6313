"""The kind `reembed`: a collection's vectors made anew by another model, beside the old."""
