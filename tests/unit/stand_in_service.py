"""A stand-in for a service: `python stand_in_service.py PORT BEHAVIOUR`.

Behaviours: `ready`; `loading` (503 for ever); `dies` (says why, ends with 3); `stubborn` (ready,
ignores SIGTERM); `mortal` (ready, dies at `GET /die`).
"""

from __future__ import annotations

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


def main(port: int, behaviour: str) -> None:
    if behaviour == "dies":
        print("the weights cannot be had", flush=True)  # noqa: T201  # its log
        sys.exit(3)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/die":
                os._exit(9)
            loading = behaviour == "loading"
            self.send_response(503 if loading else 200)
            self.end_headers()
            detail = "probing batch sizes" if loading else None
            self.wfile.write(json.dumps({"title": detail}).encode())

        def log_message(self, *args: object) -> None:
            pass

    if behaviour == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    HTTPServer(("127.0.0.1", port), Answers).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
