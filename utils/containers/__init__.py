"""How image files are put together: segments, boxes, directories. Walked, bounded, not decoded."""
