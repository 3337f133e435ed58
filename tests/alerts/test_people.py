"""An alert reaches its owner and shows nobody: not in the file, not in a mail, not in what is open."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.alerts.apprise_transport import AppriseTransport
from orchestration.alerts.deliver import deliver
from orchestration.alerts.message import Alert
from orchestration.alerts.people import WithoutPeople, hidden, with_owner, without_people
from orchestration.alerts.routing import Place, Routing
from orchestration.alerts.show import write_open
from orchestration.alerts.transports import FileTransport
from orchestration.people import DEPARTMENTS_ONLY, NAMES, PSEUDONYMS, People, remember_people
from orchestration.project import Home

DEVELOPER, OWNER = "usr_Quillon7", "bela.zorn@acme.example"
REACHED = Alert(
    key=f"cap_reached:litellm:developer:{DEVELOPER}:2026-10-31",
    kind="cap_reached",
    severity="critical",
    title=f"developer:{DEVELOPER} has used up its daily cap of 25.00 USD",
    entity=f"developer:{DEVELOPER}",
    owner=OWNER,
    details={"asked": [OWNER], "subject_id": DEVELOPER, "remedy": f"tokenomics enforce --revert developer:{DEVELOPER}"},
    condition=f"cap:litellm:developer:{DEVELOPER}",
)
OTHER = replace(
    REACHED, key=REACHED.key.replace(DEVELOPER, "usr_Mirela3"), condition="cap:litellm:developer:usr_Mirela3"
)


def people_of(home: Path, mode: str) -> People:
    return remember_people(home, mode, [DEVELOPER, "usr_Mirela3", OWNER], holders=[OWNER])


@pytest.mark.parametrize("mode", [PSEUDONYMS, DEPARTMENTS_ONLY])
def test_the_file_and_the_list_of_open_alerts_show_nobody(tmp_path: Path, mode: str) -> None:
    home = Home(tmp_path)
    routing = hidden(
        Routing({"file": Place("file", FileTransport(home.alerts), hears_all=True)}), people_of(tmp_path, mode)
    )
    delivery = deliver([REACHED, OTHER], home.alerts, routing)

    assert delivery.sent == (REACHED.key, OTHER.key)
    told = "".join(path.read_text() for path in home.alerts.glob("*.json*")).lower()
    shown = io.StringIO()
    write_open(home, shown)
    assert told.count("cap_reached") >= 2
    for text in (told, shown.getvalue().lower()):
        assert "used up its daily cap" in text
        assert not [name for name in ("quillon7", "mirela3", "zorn") if name in text]


@pytest.mark.parametrize("mode", [PSEUDONYMS, DEPARTMENTS_ONLY])
def test_two_people_stay_two_alerts(tmp_path: Path, mode: str) -> None:
    people = people_of(tmp_path, mode)
    first, second = (without_people(one, people) for one in (REACHED, OTHER))

    assert first.key != second.key
    assert first.condition != second.condition


def test_the_owner_of_a_published_function_is_still_found(tmp_path: Path) -> None:
    people = people_of(tmp_path, DEPARTMENTS_ONLY)
    published = replace(REACHED, owner=people.holder(OWNER))

    assert published.owner != OWNER
    assert with_owner(published, people) == REACHED


def test_a_mail_goes_to_the_owner_whom_it_does_not_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str | None, Alert]] = []

    def notify(self: AppriseTransport, alert: Alert) -> bool:
        sent.append((self.owner, alert))
        return True

    monkeypatch.setattr(AppriseTransport, "_notify", notify)
    mail = AppriseTransport("owners", "email", "mailto://127.0.0.1", to_owner=True)
    WithoutPeople(mail, people_of(tmp_path, PSEUDONYMS)).send(REACHED)

    ((owner, alert),) = sent
    assert owner == OWNER
    assert "zorn" not in str(vars(alert))


def test_by_name_nothing_changes(tmp_path: Path) -> None:
    routing = Routing({"file": Place("file", FileTransport(tmp_path), hears_all=True)})

    assert hidden(routing, people_of(tmp_path, NAMES)) is routing
    assert without_people(REACHED, People()) is REACHED
