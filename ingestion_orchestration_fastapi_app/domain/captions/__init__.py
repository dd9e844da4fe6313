"""Captions: what of a captioner's answer is kept, who made it, and which images lack one. Pure."""
