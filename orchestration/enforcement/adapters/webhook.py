"""A signed webhook: every change of an entity goes to a receiver of your own, which makes it so at whatever gateway it runs.

Each change is ``POST {base_url}`` with the JSON body ``{"entity", "change", "in_force", "revision", "stamp"}``: ``change`` are
the fields to set, ``in_force`` what is known to hold before it. ``X-Tokenomics-Timestamp`` and ``X-Tokenomics-Signature`` are
as for alerts (alerts/transports.py): ``sha256=`` and the HMAC-SHA256, under the shared secret, of the timestamp, a full stop
and the body. ``Idempotency-Key`` is a hash of the body: a change whose answer was lost is sent again with the same key, so a
receiver may get one key several times and must act on it once.

The receiver answers 2xx once the change is in force, best with ``{"in_force": {...}}``: all settings of the entity that now
hold. That answer is all that is ever known here: :meth:`Webhook.observe` reads what was acknowledged last, kept in
``HOME/enforcement/webhook.json``. So a setting that a person had made stricter is seen when the receiver says so in its next
answer, and a change is verified by what the receiver answered, not by looking. An entity that nothing was sent for has
nothing set. Failure modes: 4xx is PermanentFailure, no answer after all attempts TransientFailure; neither names the address
or the secret.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, get_args

import requests

from orchestration.alerts.transports import signature
from orchestration.connectors.http import utc_now
from orchestration.enforcement.adapters.base import check_supported
from orchestration.enforcement.adapters.wire import read_settings, read_stamp, stamp_json
from orchestration.enforcement.port import FIELDS, Capabilities, FieldName, LimitWindow, Observation, Stamp, kind_of
from orchestration.enforcement.values import LOOSEST, to_plain
from orchestration.files import utc_text, write_atomically
from orchestration.landing.errors import PermanentFailure, SchemaDrift, TransientFailure
from orchestration.lock import in_turn
from orchestration.project import Home
from orchestration.registry.guardrails import AdapterConfig

ATTEMPTS = 3
FIRST_WAIT_SECONDS = 0.5
TIMEOUT_SECONDS = 10


def open_adapter(config: AdapterConfig, secret: str | None, home: Home) -> "Webhook":
    if config.base_url is None:
        raise PermanentFailure(Webhook.name, "base_url is missing; write it into guardrails.yaml")
    if not secret:
        named = config.api_key_env or "api_key_env in guardrails.yaml"
        raise PermanentFailure(Webhook.name, f"no shared secret to sign with; set {named}")
    return Webhook(config.base_url, secret, home.enforcement / "webhook.json")


class Webhook:
    """The receiver at ``url``; what it acknowledged is kept at ``path``. ``sleep`` and ``now`` are seams for tests."""

    name = "webhook"

    def __init__(
        self,
        url: str,
        secret: str,
        path: Path,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._url, self._secret, self.path, self._sleep, self._now = url, secret, path, sleep, now

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def capabilities(self, kind: str) -> Capabilities:
        """Everything that can be said; what the receiver makes of it is its own."""
        windows: frozenset[LimitWindow] = frozenset(get_args(LimitWindow))
        return Capabilities(
            writable=frozenset(FIELDS),
            windows=windows,
            max_limits=len(windows),
            holds_stamp=True,
            notes=("what holds is what the receiver acknowledged; nothing can be looked at",),
        )

    def observe(self, entity: str) -> Observation:
        """What the receiver acknowledged last for the entity."""
        known = self._known(entity)
        raw = {name: known[name] for name in ("revision", "acknowledged_at") if name in known}
        values = {**LOOSEST, **read_settings(known["in_force"])}
        stamp = read_stamp(known["stamp"])
        return Observation(self.name, entity, self._now(), is_found=True, values=values, stamp=stamp, raw=raw)

    def write(self, before: Observation, values: Mapping[FieldName, Any], stamp: Stamp | None) -> None:
        """Send the change until it is acknowledged, at most three times with one idempotency key, and remember the answer."""
        entity = before.entity
        check_supported(self.name, entity, self.capabilities(kind_of(entity)), values)
        with in_turn(self.path.with_suffix(".lock")):
            known = self._known(entity)
            body = {
                "entity": entity,
                "change": to_plain(values),
                "in_force": known["in_force"],
                "revision": known["revision"] + 1,
                "stamp": stamp_json(stamp),
            }
            answered = self._send(json.dumps(body, sort_keys=True).encode())
            asked = {**read_settings(known["in_force"]), **values}
            self._remember(entity, to_plain(asked if answered is None else answered), body)

    def _known(self, entity: str) -> dict[str, Any]:
        known = self._all_known().get(entity, {"revision": 0, "in_force": {}, "stamp": None})
        return dict(known)

    def _all_known(self) -> dict[str, Any]:
        return json.loads(self.path.read_text()) if self.path.is_file() else {}

    def _remember(self, entity: str, in_force: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        known = {
            "revision": body["revision"],
            "acknowledged_at": utc_text(self._now()),
            "in_force": in_force,
            "stamp": body["stamp"],
        }
        write_atomically(self.path, json.dumps({**self._all_known(), entity: known}, indent=1, sort_keys=True) + "\n")

    def _send(self, body: bytes) -> Mapping[FieldName, Any] | None:
        """What the receiver says is in force, None where it acknowledged without saying."""
        last = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
            try:
                answer = self._post(body)
            except requests.RequestException as error:
                last = f"no answer ({type(error).__name__})"
                continue
            if 200 <= answer.status_code < 300:
                return self._in_force(answer)
            last = str(answer.status_code)
            if answer.status_code != 429 and answer.status_code < 500:
                raise PermanentFailure(self.name, f"the receiver refused the change with {last}")
        raise TransientFailure(
            self.name,
            f"the receiver did not acknowledge the change in {ATTEMPTS} attempts, at last {last}; it may have made it",
        )

    def _post(self, body: bytes) -> requests.Response:
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "X-Tokenomics-Timestamp": timestamp,
            "X-Tokenomics-Signature": signature(self._secret, timestamp, body),
            "Idempotency-Key": hashlib.sha256(body).hexdigest(),
        }
        return requests.post(self._url, data=body, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False)

    def _in_force(self, answer: requests.Response) -> Mapping[FieldName, Any] | None:
        if not answer.content.strip():
            return None
        try:
            told = answer.json()
            return read_settings(told["in_force"]) if isinstance(told, dict) and "in_force" in told else None
        except ValueError as error:
            raise SchemaDrift(self.name, f"the receiver's answer is not understood: {error}") from None
