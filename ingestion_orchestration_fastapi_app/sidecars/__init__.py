"""The kind "sidecars": what people say of pictures is written beside them, as they ask for it."""
