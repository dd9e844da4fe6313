"""The server under the application: connections, HTTP itself, descriptors, signals."""
