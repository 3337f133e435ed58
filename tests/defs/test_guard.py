"""No secret leaves a step in an exception."""

import traceback
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from orchestration.defs.guard import Redacted, redacted
from orchestration.landing.store import Landing
from orchestration.project import Home
from orchestration.session import Session
from orchestration.settings import RunSettings
from orchestration.transform.standing import Fed

SECRET = "sk-example-77aa88bb"


def session(home: Path) -> Session:
    sources = {"openai": SimpleNamespace(api_key_env="MY_VENDOR_CREDENTIAL", base_url="http://127.0.0.1:9/v1")}
    company = cast(Any, SimpleNamespace(sources=sources))
    landing, as_of = Landing(home / "landing"), date(2026, 10, 31)
    fed = Fed(Home(home), landing, as_of, "program", "company", timedelta(hours=24))
    return Session(RunSettings(home, home), Home(home), company, landing, as_of, fed)


def test_exception_that_holds_a_secret_leaves_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_VENDOR_CREDENTIAL", SECRET)
    with pytest.raises(Redacted) as caught, redacted(session(tmp_path)):
        raise ValueError(f"bad header Bearer {SECRET} for openai")

    assert str(caught.value) == "ValueError: bad header Bearer [redacted] for openai"
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_exception_without_a_secret_passes_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_VENDOR_CREDENTIAL", SECRET)
    with pytest.raises(ValueError, match="line 3"), redacted(session(tmp_path)):
        raise ValueError("line 3")
