"""Collections, points, pictures, filters, cursors."""
