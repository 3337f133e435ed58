"""People as pseudonyms or not at all: in columns, in texts, and in what the home remembers of them."""

import hashlib
import hmac
import stat
from pathlib import Path

import pytest

from orchestration.people import DEPARTMENTS_ONLY, NAMES, PSEUDONYMS, People, read_people, remember_people

KNOWN = frozenset({"usr-Quillon7", "anna.berg@acme.example", "Zebulon Ash", "core"})
SECRET = b"s" * 32


def people(mode: str) -> People:
    return People(mode, SECRET, KNOWN, things=frozenset({"core", "acme"}))


def pseudonym(identifier: str, kind: str = "person") -> str:
    return f"{kind}_{hmac.new(SECRET, f'{kind}:{identifier}'.encode(), hashlib.sha256).hexdigest()[:16]}"


@pytest.mark.parametrize(
    "text",
    [
        "usr-Quillon7",
        "laptop of USR-QUILLON7",
        "anna.berg@acme.example",
        "Anna-Berg_laptop",
        "key:annaberg",
        "paid back to anna.berg@acme.example, see memo",
        "zebulon.ash/notebook",
        "asked by someone.else@other.example",
    ],
)
def test_nobody_is_named_in_a_text(text: str) -> None:
    for mode in (PSEUDONYMS, DEPARTMENTS_ONLY):
        shown = people(mode).text(text).casefold()
        assert not any(name in shown for name in ("quillon7", "berg", "zebulon", "someone.else"))
    assert people(NAMES).text(text) == text


@pytest.mark.parametrize(
    "text", ["core", "the core budget of acme", "usr-Quillon71 and annabergen", "bergamot", "2026-10-31 12:00", ""]
)
def test_what_names_nobody_stays(text: str) -> None:
    assert people(PSEUDONYMS).text(text) == text


def test_a_pseudonym_is_a_keyed_digest_of_one_identifier() -> None:
    shown = people(PSEUDONYMS)

    assert shown.person("usr-Quillon7") == shown.thing("usr-Quillon7") == pseudonym("usr-Quillon7")
    assert shown.text("laptop of usr-Quillon7") == f"laptop of {pseudonym('usr-Quillon7')}"
    assert shown.person("nobody knew") == pseudonym("nobody knew")
    assert shown.thing("developer:nobody-knew") == f"developer:{pseudonym('nobody-knew')}"
    assert shown.person(str(shown.person("usr-Quillon7"))) == shown.person("usr-Quillon7")
    assert People(PSEUDONYMS, b"t" * 32, KNOWN).person("usr-Quillon7") != shown.person("usr-Quillon7")


def test_departments_alone_show_nobody_at_all() -> None:
    shown = people(DEPARTMENTS_ONLY)

    assert shown.person("usr-Quillon7") is None
    assert shown.text("laptop of usr-Quillon7") == "laptop of withheld"
    assert shown.thing("developer:usr-Quillon7") == "developer:withheld"
    assert shown.thing("key-annaberg") == "key-annaberg" or shown.thing("key-annaberg").startswith("hidden_")
    assert shown.thing("key-anna.berg-1") != shown.thing("key-anna_berg-1")


def test_who_holds_a_function_is_named_unless_their_usage_is_known() -> None:
    for mode in (PSEUDONYMS, DEPARTMENTS_ONLY):
        shown = people(mode)
        assert shown.holder("cfo@acme.example") == "cfo@acme.example"
        assert shown.holder("Anna.Berg@acme.example") == pseudonym("Anna.Berg@acme.example", "holder")
        assert shown.holder("anna.berg@acme.example") != shown.person("anna.berg@acme.example")


def test_the_home_keeps_secret_and_holders_to_itself(tmp_path: Path) -> None:
    first = remember_people(tmp_path, PSEUDONYMS, KNOWN, ["core"], ["anna.berg@acme.example", "cfo@acme.example"])
    again = remember_people(tmp_path, DEPARTMENTS_ONLY, ["usr-new"])

    assert again.secret == first.secret != SECRET
    assert again.identifiers == KNOWN | {"usr-new"}
    assert read_people(tmp_path) == again
    assert first.behind(first.holder("anna.berg@acme.example")) == "anna.berg@acme.example"
    assert first.behind("cfo@acme.example") == "cfo@acme.example"
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "private" / "people.json").stat().st_mode) == 0o600


def test_a_home_that_shows_names_needs_no_secret(tmp_path: Path) -> None:
    assert remember_people(tmp_path, NAMES, KNOWN) == People() == read_people(tmp_path)
    assert not (tmp_path / "private").exists()
