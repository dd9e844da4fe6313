"""From bytes to pixels: formats, opening, decoding, colour, RAW. What a picture shows."""
