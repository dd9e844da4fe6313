"""What both services' HTTP side shares; `install` puts all of it on an app."""
