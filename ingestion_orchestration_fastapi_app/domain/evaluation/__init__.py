"""Evaluation of a search: files of captions are read, ranks become figures. Texts and arrays in."""
