"""Where each format keeps what it says of its picture: found without decoding a pixel."""
