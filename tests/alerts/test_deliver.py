"""Alerts arrive once, signed, over every transport; a failing receiver is tried again and leaks nothing."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from orchestration.alerts.deliver import deliver
from orchestration.alerts.destinations import routing
from orchestration.alerts.message import Alert
from orchestration.alerts.transports import FileTransport, WebhookTransport
from orchestration.registry.alerts import AlertSettings

SECRET = "whsec-example-4d1f"
ALERT = Alert(
    key="k1", kind="graduation_ready", severity="info", title="ready", entity="exp", owner="a@company.example"
)


@dataclass
class Receiver:
    url: str
    status: int = 200
    answer: bytes = b""
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def receiving(status: int = 200) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.received.append((dict(self.headers), body))
            self.send_response(receiver.status)
            self.end_headers()
            self.wfile.write(receiver.answer)

        def log_message(self, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hook-example-path", status)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]


def test_file_transport_writes_one_json_line_per_alert(tmp_path: Path) -> None:
    deliver([ALERT, Alert("k2", "x", "warning", "t", "e")], tmp_path, [FileTransport(tmp_path)])

    assert [(line["key"], line["owner"]) for line in lines(tmp_path)] == [("k1", "a@company.example"), ("k2", None)]


def test_same_key_is_told_once(tmp_path: Path) -> None:
    over = [FileTransport(tmp_path)]
    assert deliver([ALERT], tmp_path, over).sent == ("k1",)
    assert deliver([ALERT], tmp_path, over).sent == ()
    assert len(lines(tmp_path)) == 1


def test_what_an_earlier_version_told_in_a_json_file_is_not_told_again(tmp_path: Path) -> None:
    deliver([ALERT], tmp_path, [FileTransport(tmp_path)])
    (written,) = tmp_path.glob("*.jsonl")
    earlier = written.rename(written.with_suffix(".json"))
    before = earlier.read_bytes()

    later = Alert("k2", "x", "warning", "t", "e")
    assert deliver([ALERT, later], tmp_path, [FileTransport(tmp_path)]).sent == ("k2",)
    assert [line["key"] for line in lines(tmp_path)] == ["k2"]
    assert earlier.read_bytes() == before


def test_webhook_is_signed_over_timestamp_and_body(tmp_path: Path) -> None:
    with receiving() as receiver:
        deliver([ALERT], tmp_path, [WebhookTransport(receiver.url, SECRET)])

    headers, body = receiver.received[0]
    signed = headers["X-Tokenomics-Timestamp"].encode() + b"." + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Tokenomics-Signature"] == f"sha256={expected}"
    assert json.loads(body)["key"] == "k1"


def test_failed_webhook_is_tried_again_without_repeating_the_file(tmp_path: Path) -> None:
    with receiving(status=503) as receiver:
        over = [FileTransport(tmp_path), WebhookTransport(receiver.url, SECRET)]
        first = deliver([ALERT], tmp_path, over)
        receiver.status = 204
        second = deliver([ALERT], tmp_path, over)
        third = deliver([ALERT], tmp_path, over)

    assert first.faults == ("k1: the alert webhook answered 503",)
    assert second.faults == third.faults == ()
    assert len(receiver.received) == 2
    assert len(lines(tmp_path)) == 1


def test_unreachable_webhook_names_no_address_and_no_secret(tmp_path: Path) -> None:
    transport = WebhookTransport("http://127.0.0.1:9/hook-example-path", SECRET)
    faults = deliver([ALERT], tmp_path, [transport]).faults

    assert len(faults) == 1
    for text in (*faults, repr(transport)):
        assert "hook-example-path" not in text
        assert SECRET not in text


def test_redirect_is_not_followed(tmp_path: Path) -> None:
    with receiving(status=302) as receiver:
        assert deliver([ALERT], tmp_path, [WebhookTransport(receiver.url, SECRET)]).faults
        assert len(receiver.received) == 1


def test_later_webhook_does_not_hear_what_was_told_before_it(tmp_path: Path) -> None:
    deliver([ALERT], tmp_path, [FileTransport(tmp_path)])
    with receiving() as receiver:
        deliver([ALERT], tmp_path, [FileTransport(tmp_path), WebhookTransport(receiver.url, SECRET)])
    assert receiver.received == []


def test_webhook_needs_both_address_and_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "http://127.0.0.1:9/")
    monkeypatch.delenv("ALERT_WEBHOOK_SECRET", raising=False)
    assert list(routing(tmp_path, AlertSettings()).places) == ["file"]
    monkeypatch.setenv("ALERT_WEBHOOK_SECRET", SECRET)
    assert list(routing(tmp_path, AlertSettings()).places) == ["file", "webhook"]


class SlowTransport:
    """Notes what it sends, and takes its time over it."""

    name = "slow"

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, alert: Alert) -> None:
        self.sent.append(alert.key)
        time.sleep(0.05)


def test_deliveries_at_the_same_moment_repeat_and_forget_nothing(tmp_path: Path) -> None:
    slow = SlowTransport()
    batches = [[ALERT, Alert(f"own{n}", "x", "info", "t", "e")] for n in range(4)]
    threads = [threading.Thread(target=deliver, args=(batch, tmp_path, [slow])) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wanted = ["k1", "own0", "own1", "own2", "own3"]
    assert sorted(slow.sent) == wanted
    assert sorted(json.loads((tmp_path / "sent.state").read_text())["told"]) == wanted
