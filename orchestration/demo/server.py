"""The demo server: the simulated company's providers on one loopback address.

``python -m orchestration.demo.server [--port 8765]`` serves until interrupted; ``serving()`` serves inside a ``with``
block. OpenAI is under ``/v1/organization/``, Anthropic under ``/v1/organizations/``, the gateway at the root. It
listens on 127.0.0.1 only and accepts only the dummy keys of ``catalog.DEMO_KEYS``.
"""

import argparse
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from orchestration.demo import anthropic_api, litellm_api, openai_api
from orchestration.demo.catalog import DEMO_KEYS
from orchestration.demo.wire import Fault, Query, Request, World

HOST = "127.0.0.1"
DEFAULT_PORT = 8765


class DemoServer(ThreadingHTTPServer):
    """A threading HTTP server that carries the simulated world."""

    daemon_threads = True

    def __init__(self, port: int, world: World) -> None:
        super().__init__((HOST, port), _Handler)
        self.world = world

    @property
    def base_url(self) -> str:
        """The address for ``base_url`` in sources.yaml (OpenAI's takes ``/v1`` behind it)."""
        return f"http://{HOST}:{self.server_address[1]}"


@contextmanager
def serving(port: int = 0, world: World | None = None) -> Iterator[str]:
    """Serve in the background and yield the base URL; port 0 takes any free port."""
    server = DemoServer(port, world or World())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.base_url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def route(world: World, target: str, headers: dict[str, str], body: dict[str, Any] | None = None) -> dict[str, Any]:
    """The body that answers a GET of ``target``, or a POST of ``body``; raises ``Fault`` for an error answer. Only the
    gateway takes a POST.
    """
    url = urlsplit(target)
    world.note(target)
    query = Query(url.query)
    if body is not None:
        return litellm_api.answer(world, Request(url.path, query, headers, body))
    if url.path.startswith("/v1/organizations/"):
        return anthropic_api.answer(world, Request(url.path.removeprefix("/v1"), query, headers))
    if url.path.startswith("/v1/organization/"):
        return openai_api.answer(world, Request(url.path.removeprefix("/v1"), query, headers))
    return litellm_api.answer(world, Request(url.path, query, headers))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: DemoServer

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            body = json.loads(sent)
        except ValueError:
            body = None
        if isinstance(body, dict):
            self._answer(body)
        else:
            self._send(422, {"detail": [{"type": "json_invalid", "loc": ["body"], "msg": "JSON decode error"}]}, {})

    def _answer(self, body: dict[str, Any] | None) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            self._send(200, route(self.server.world, self.path, headers, body), {})
        except Fault as fault:
            self._send(fault.status, fault.body, fault.headers)

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: request lines do not belong into a terminal that shows a run."""


def main() -> None:
    """Serve on the given port until interrupted."""
    parser = argparse.ArgumentParser(description="Serve the simulated demo company on loopback")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    server = DemoServer(parser.parse_args().port, World())
    print(f"simulated providers on {server.base_url}", flush=True)
    print("keys: " + " ".join(f"{name}={value}" for name, value in DEMO_KEYS.items()), flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("stopped", flush=True)
    finally:
        server.server_close()


if __name__ == "__main__":
    main()
