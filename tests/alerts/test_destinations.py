"""Destinations over real HTTP and SMTP on loopback: what arrives, what a failure says, and that no secret is ever shown."""

import json
import logging
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import apprise.plugins.pagerduty as pagerduty
import pytest
from apprise.plugins.slack import NotifySlack

from orchestration.alerts.apprise_transport import AppriseTransport
from orchestration.alerts.deliver import deliver
from orchestration.alerts.destinations import half_set, missing, routing
from orchestration.alerts.message import Alert, escalated, resolved
from orchestration.alerts.render import render_html, render_short, render_subject, render_text
from orchestration.alerts.transports import DeliveryFailed
from orchestration.registry.alerts import AlertSettings, Destination, Limits, Route
from tests.alerts.test_deliver import receiving
from tests.alerts.test_lifecycle import T0

MARKER = "marker-secret-4d1f"
ALERT = Alert(
    key="cap:a:1",
    kind="cap_reached",
    severity="critical",
    title="key a has spent 51.20 USD of its daily cap of 50.00 USD; add an override <!channel> & more",
    entity="key:a",
    owner="ann@x.example",
    details={"spent_amount": "51.20", "resets_at": None},
    condition="cap:a",
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ALERT_WEBHOOK_URL", "ALERT_WEBHOOK_SECRET", "SLACK_WEBHOOK_URL", "SMTP_HOST", "SMTP_TO"):
        monkeypatch.delenv(name, raising=False)


@dataclass
class Mailbox:
    port: int = 0
    letters: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refuses: bool = False


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """As much of SMTP as a client without TLS speaks."""

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 ready\r\n")
            to: list[str] = []
            while line := self.rfile.readline():
                word = line.decode().strip()
                if word.upper().startswith("RCPT") and box.refuses:
                    self.wfile.write(b"550 no such mailbox\r\n")
                    continue
                if word.upper().startswith("RCPT"):
                    to.append(word.split("<")[1].rstrip(">"))
                if word.upper() == "DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = []
                    while (part := self.rfile.readline()) != b".\r\n":
                        lines.append(part)
                    letter = message_from_bytes(b"".join(lines), policy=policy.default)
                    assert isinstance(letter, EmailMessage)
                    box.letters.append((to, letter))
                    to = []
                self.wfile.write(b"221 bye\r\n" if word.upper() == "QUIT" else b"250 ok\r\n")
                if word.upper() == "QUIT":
                    return

    box = Mailbox()
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
    server.daemon_threads = True
    box.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield box
    finally:
        server.shutdown()
        server.server_close()


# ---------------------------------------------------------------------------------------------------- rendering


def test_each_way_of_reading_has_the_amount_the_remedy_and_no_markup_from_data() -> None:
    assert render_subject(ALERT).startswith("[tokenomics critical] key a has spent 51.20 USD")
    assert render_short(ALERT).startswith("CRITICAL: key a has spent 51.20 USD")
    assert render_short(ALERT).endswith("(owner: ann@x.example)")
    assert "spent amount: 51.20\n" in render_text(ALERT)
    assert "resets_at" not in render_text(ALERT), "what is not known is left out"
    assert "&lt;!channel&gt; &amp; more" in render_html(ALERT)
    assert "\n" not in render_short(replace(ALERT, title="two\nlines"))
    assert len(render_short(replace(ALERT, title="x" * 5000))) == 1000
    assert render_short(resolved(ALERT, T0)).startswith("RESOLVED: resolved, it was open since 2026-11-28 09:00 UTC")


# -------------------------------------------------------------------------------------------------- over the wire


def test_a_chat_that_takes_slack_messages_gets_one_escaped_line() -> None:
    with receiving() as chat:
        AppriseTransport("ops", "slack", chat.url).send(ALERT)
    (text,) = json.loads(chat.received[0][1]).values()
    assert text.startswith("CRITICAL: key a has spent 51.20 USD")
    assert "&lt;!channel&gt;" in text and "<" not in text


def test_slacks_own_address_goes_through_apprise(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as slack:
        slack.answer = b"ok"
        monkeypatch.setattr(NotifySlack, "webhook_url", slack.url)
        AppriseTransport("ops", "slack", f"https://hooks.slack.com/services/T12345678/B12345678/{'a' * 24}").send(ALERT)
    assert b"has spent 51.20 USD" in slack.received[0][1]
    assert b"<!channel>" not in slack.received[0][1]


def test_a_pager_opens_and_resolves_one_incident(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(status=202) as pager:
        monkeypatch.setattr(pagerduty, "PAGERDUTY_API_LOOKUP", {pagerduty.PagerDutyRegion.US: pager.url})
        transport = AppriseTransport("pager", "pagerduty", "0123456789abcdef0123456789abcdef")
        for alert in (ALERT, escalated(ALERT, 30), resolved(ALERT, T0)):
            transport.send(alert)
    sent = [json.loads(body) for _, body in pager.received]
    assert [one["event_action"] for one in sent] == ["trigger", "trigger", "resolve"]
    assert {one["dedup_key"] for one in sent} == {"cap:a"}
    assert {one["routing_key"] for one in sent} == {"0123456789abcdef0123456789abcdef"}
    assert sent[0]["payload"]["severity"] == "critical"


def test_any_address_that_apprise_knows_takes_the_whole_alert() -> None:
    with receiving() as service:
        AppriseTransport("any", "apprise", service.url.replace("http://", "json://")).send(ALERT)
    body = json.loads(service.received[0][1])
    assert body["title"].startswith("[tokenomics critical]")
    assert "spent amount: 51.20" in body["message"]


def test_mail_goes_to_the_owner_and_to_nobody_else() -> None:
    with mail_server() as box:
        url = f"mailto://127.0.0.1:{box.port}?from=tokenomics@x.example&to=everyone@x.example&mode=insecure"
        AppriseTransport("owners", "email", url, to_owner=True).send(ALERT)
        AppriseTransport("list", "email", url).send(ALERT)
        AppriseTransport("owners", "email", url, to_owner=True).send(replace(ALERT, owner=None))
    assert [to for to, _ in box.letters] == [["ann@x.example"], ["everyone@x.example"], ["everyone@x.example"]]
    letter = box.letters[0][1]
    assert letter["Subject"].startswith("[tokenomics critical] key a has spent 51.20 USD")
    html = letter.get_body(("html",))
    assert html is not None and "&lt;!channel&gt; &amp; more" in html.get_content()


def test_the_usual_variables_set_up_slack_and_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as chat, mail_server() as box:
        monkeypatch.setenv("SLACK_WEBHOOK_URL", chat.url)
        for name, value in {
            "HOST": "127.0.0.1",
            "PORT": str(box.port),
            "SECURITY": "none",
            "FROM": "t@x.example",
        }.items():
            monkeypatch.setenv(f"SMTP_{name}", value)
        over = routing(tmp_path, AlertSettings())
        deliver([ALERT, replace(ALERT, key="k2", condition=None, owner=None)], tmp_path, over)
    assert [to for to, _ in box.letters] == [["ann@x.example"]], "the owner by mail"
    assert len(chat.received) == 1, "what has no owner, to the chat"
    assert len((next(tmp_path.glob("*.jsonl"))).read_text().splitlines()) == 2


def test_the_usual_webhook_hears_everything_whatever_the_routes_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as hook, receiving() as chat:
        monkeypatch.setenv("ALERT_WEBHOOK_URL", hook.url)
        monkeypatch.setenv("ALERT_WEBHOOK_SECRET", "whsec")
        monkeypatch.setenv("OPS_URL", chat.url)
        ops = Destination(name="ops", kind="slack", url_env="OPS_URL")
        settings = AlertSettings((ops,), (Route(to=("ops",)),), limits=Limits(per_tick=1, per_destination_per_hour=1))
        over = routing(tmp_path, settings)
        deliver([replace(ALERT, key=f"k{n}", condition=None) for n in range(4)], tmp_path, over)
    assert (len(hook.received), len(chat.received)) == (4, 1)


# ----------------------------------------------------------------------------------------- failures and secrets

BAD = {
    "slack": ["https://hooks.slack.com/services/T12345678/{m}", "{m}", "http://127.0.0.1:9/{m}", "slack://{m}"],
    "teams": ["https://x.webhook.office.com/{m}", "msteams://{m}"],
    "pagerduty": ["pagerduty://{m}", "{m}!"],
    "email": ["mailto://user:{m}@127.0.0.1:9?from=a@x.example&mode=insecure", "mailto://{m}", "smtp-{m}"],
    "apprise": ["json://user:{m}@127.0.0.1:9/{m}", "nosuch://{m}", "json://[{m}", "{m}\n\x00"],
}


@pytest.mark.parametrize(("kind", "url"), [(kind, url) for kind, urls in BAD.items() for url in urls])
def test_a_bad_address_fails_by_name_and_its_secret_is_nowhere(
    kind: str, url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    transport = AppriseTransport("ops", kind, url.format(m=MARKER))
    with pytest.raises(DeliveryFailed) as failed:
        transport.send(ALERT)
    delivery = deliver([ALERT], tmp_path, [transport])
    assert delivery.faults and delivery.faults[0].startswith("cap:a:1: ops")
    written = [path.read_text() for path in tmp_path.iterdir() if path.is_file()]
    out, err = capfd.readouterr()
    for text in (str(failed.value), repr(transport), *delivery.faults, *written, caplog.text, out, err):
        assert MARKER not in text
    assert (out, err) == ("", "")


def test_a_refusal_says_what_was_answered() -> None:
    with receiving(status=403) as service:
        with pytest.raises(DeliveryFailed, match=r"^ops answered 403$"):
            AppriseTransport("ops", "slack", service.url).send(ALERT)
        with pytest.raises(DeliveryFailed, match=r"^any answered 403$"):
            AppriseTransport("any", "apprise", service.url.replace("http://", "json://")).send(ALERT)


def test_a_redirect_is_not_followed_by_apprise_either() -> None:
    with receiving(status=302) as service:
        with pytest.raises(DeliveryFailed):
            AppriseTransport("any", "apprise", service.url.replace("http://", "json://")).send(ALERT)
        assert len(service.received) == 1


def test_a_mailbox_that_refuses_is_a_fault_and_tried_again(tmp_path: Path) -> None:
    with mail_server() as box:
        url = f"mailto://127.0.0.1:{box.port}?from=t@x.example&to=a@x.example&mode=insecure"
        over = [AppriseTransport("list", "email", url)]
        box.refuses = True
        assert deliver([ALERT], tmp_path, over).faults == ("cap:a:1: list did not take the alert",)
        box.refuses = False
        assert deliver([], tmp_path, over).sent == ("cap:a:1",)
    assert len(box.letters) == 1


def test_what_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = (
        Destination(name="ops", kind="slack", url_env="OPS_URL"),
        Destination(name="siem", kind="webhook", url_env="SIEM_URL", secret_env="SIEM_SECRET"),
    )
    settings = AlertSettings(declared, (Route(to=("ops", "email")),))
    assert missing(settings) == [
        "alerts.yaml: destination ops: the environment variable OPS_URL is not set",
        "alerts.yaml: destination siem: the environment variable SIEM_URL and SIEM_SECRET is not set",
        "alerts.yaml: destination email: the environment variable SMTP_HOST is not set",
    ]
    for name in ("OPS_URL", "SIEM_URL", "SIEM_SECRET", "SMTP_HOST"):
        monkeypatch.setenv(name, "x")
    assert missing(settings) == []
    assert half_set(settings) == []
    monkeypatch.setenv("ALERT_WEBHOOK_SECRET", "x")
    assert half_set(settings) == [
        "alerts go to no webhook: it needs ALERT_WEBHOOK_URL and ALERT_WEBHOOK_SECRET, and ALERT_WEBHOOK_URL is not set"
    ]
