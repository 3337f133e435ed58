"""Where alerts go: a file of JSON lines, and a signed webhook.

The webhook receives ``POST`` with the JSON body, ``X-Tokenomics-Timestamp`` (seconds since 1970) and ``X-Tokenomics-
Signature``: ``sha256=`` and the HMAC-SHA256, under the shared secret, of the timestamp, a full stop and the body.
Failure modes: anything but a 2xx answer raises :class:`DeliveryFailed`, whose message holds neither address nor
secret.
"""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import requests

from orchestration.alerts.message import Alert
from orchestration.alerts.render import render_json

TIMEOUT_SECONDS = 10


class DeliveryFailed(Exception):
    """The receiver did not take the alert; it is sent again at the next occasion."""


class Transport(Protocol):
    """``name`` tells transports apart in the memory of what was sent."""

    @property
    def name(self) -> str: ...

    def send(self, alert: Alert) -> None:
        """Deliver, or raise :class:`DeliveryFailed`."""


@dataclass(frozen=True)
class FileTransport:
    """Appends to ``<folder>/<day>.jsonl``, one JSON object per line. Nothing reads it back: the memory says what was told."""

    folder: Path
    name: str = "file"

    def send(self, alert: Alert) -> None:
        now = datetime.now(UTC)
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{now.date().isoformat()}.jsonl").open("a") as file:
            file.write(render_json(alert, now) + "\n")


@dataclass(frozen=True)
class WebhookTransport:
    """Posts to an address, signed with a secret; neither appears in its ``repr``."""

    url: str = field(repr=False)
    secret: str = field(repr=False)
    name: str = "webhook"

    def send(self, alert: Alert) -> None:
        body = render_json(alert, datetime.now(UTC)).encode()
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "X-Tokenomics-Timestamp": timestamp,
            "X-Tokenomics-Signature": signature(self.secret, timestamp, body),
        }
        named = "the alert webhook" if self.name == "webhook" else self.name
        post(named, self.url, body, headers)


def post(named: str, url: str, body: bytes | dict[str, str], headers: dict[str, str] | None = None) -> None:
    """One request, bytes as they are and a dict as JSON; :class:`DeliveryFailed` names only the destination."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = headers or {"Content-Type": "application/json"}
    try:
        answer = requests.post(url, data=content, headers=sent, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    except (requests.RequestException, ValueError) as error:
        raise DeliveryFailed(f"{named} could not be reached ({type(error).__name__})") from None
    if not 200 <= answer.status_code < 300:
        raise DeliveryFailed(f"{named} answered {answer.status_code}")


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What a receiver computes again to know that the alert is ours."""
    signed = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
