"""Images that are built and containers that are run, with a Docker engine: `make docker-check`."""
