"""From whatever colour space a file declares to 8-bit sRGB."""
