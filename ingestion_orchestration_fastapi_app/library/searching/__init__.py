"""Searches, a step a module: what is asked becomes a vector, points are found, pages are cut."""
