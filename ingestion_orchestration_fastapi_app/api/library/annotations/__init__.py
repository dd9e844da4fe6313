"""Routes of what people gather and say of pictures, beyond one picture: albums, sidecars."""
