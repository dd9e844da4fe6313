"""One request's way: its body, parts, pixels and turns on the device. No routes, no loading."""
