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
    """Appends to ``<folder>/<day>.json``, one JSON object per line."""

    folder: Path
    name: str = "file"

    def send(self, alert: Alert) -> None:
        now = datetime.now(UTC)
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{now.date().isoformat()}.json").open("a") as file:
            file.write(json.dumps(alert.body(now), sort_keys=True) + "\n")


@dataclass(frozen=True)
class WebhookTransport:
    """Posts to an address, signed with a secret; neither appears in its ``repr``."""

    url: str = field(repr=False)
    secret: str = field(repr=False)
    name: str = "webhook"

    def send(self, alert: Alert) -> None:
        body = json.dumps(alert.body(datetime.now(UTC)), sort_keys=True).encode()
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "X-Tokenomics-Timestamp": timestamp,
            "X-Tokenomics-Signature": signature(self.secret, timestamp, body),
        }
        try:
            answer = requests.post(self.url, data=body, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            raise DeliveryFailed(f"the alert webhook could not be reached ({type(error).__name__})") from None
        if not 200 <= answer.status_code < 300:
            raise DeliveryFailed(f"the alert webhook answered {answer.status_code}")


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What a receiver computes again to know that the alert is ours."""
    signed = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
