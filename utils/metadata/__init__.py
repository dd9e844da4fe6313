"""What a file says of its picture: EXIF, XMP, IPTC, times. Never decodes, never fails it."""
