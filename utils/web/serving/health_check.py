"""Asks a service of this machine whether it is ready: what a container's health check runs."""

from __future__ import annotations

import http.client

LIMIT_S = 12.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # what it listens on, not we


def is_ready(host: str, port: int) -> bool:
    """`host` and `port` are those that the service listens on."""
    connection = http.client.HTTPConnection(EVERYWHERE.get(host, host), port, timeout=LIMIT_S)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
