"""Routes over duplicates: groups, one image's, dismissals, exports."""
