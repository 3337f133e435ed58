"""A gateway's management API on loopback: answers from a table that its own changes move, and remembers what was sent."""

import json
from collections.abc import Callable
from typing import Any

from tests.connectors.loopback_server import Answer, LoopbackServer, Request

Handler = Callable[[Request, Any], Answer]


def serving(handle: Handler) -> LoopbackServer:
    """A server that hands each request with its parsed body to ``handle``."""
    return LoopbackServer(lambda request: handle(request, json.loads(request.body) if request.body else None))


def changes(server: LoopbackServer) -> list[tuple[str, str, str]]:
    """Method, path and exact body text of every request that was no GET."""
    return [(one.method, one.path, one.body.decode()) for one in server.requests if one.method != "GET"]


def not_found() -> Answer:
    return Answer({"error": {"message": "not found", "type": "not_found_error"}}, status=404)
