"""Which paths, methods and parameters a service knows, and under which prefix it is shown."""
