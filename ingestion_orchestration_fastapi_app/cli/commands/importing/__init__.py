"""What gets pictures in: folders that may be imported, imports, uploads."""
