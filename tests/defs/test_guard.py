"""No secret leaves a step in an exception, and only what may pass is tried again."""

import traceback
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
import pytest

from orchestration.defs.guard import Redacted, redacted, tried_again
from orchestration.landing.errors import PermanentFailure, TransientFailure
from orchestration.landing.store import Landing
from orchestration.project import Home
from orchestration.session import Session
from orchestration.settings import RunSettings
from orchestration.transform.standing import Fed

SECRET = "sk-example-77aa88bb"


def session(home: Path) -> Session:
    openai = SimpleNamespace(api_key_env="MY_VENDOR_CREDENTIAL", connection_env=None, base_url="http://127.0.0.1:9/v1")
    sources = {"openai": openai}
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


def run_launched(is_launched: bool) -> Any:
    return SimpleNamespace(is_launched=is_launched)


@pytest.mark.parametrize(
    ("is_launched", "failure", "left_with"),
    [
        (True, TransientFailure("openai", "unavailable"), dg.RetryRequested),
        (False, TransientFailure("openai", "unavailable"), TransientFailure),
        (True, PermanentFailure("openai", "the key is refused"), PermanentFailure),
        (True, ValueError("a mistake of ours"), ValueError),
    ],
)
def test_only_a_launched_run_waits_and_only_for_what_may_pass(
    is_launched: bool, failure: Exception, left_with: type[Exception]
) -> None:
    with pytest.raises(left_with), tried_again(run_launched(is_launched)):
        raise failure


def test_a_source_that_comes_back_is_read_by_the_second_try_and_one_that_does_not_fails_with_its_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("orchestration.defs.guard.SECONDS_BETWEEN", 0)
    tries: list[str] = []

    @dg.op(config_schema=int)
    def read(context: dg.OpExecutionContext) -> None:
        tries.append("")
        with tried_again(run_launched(True)):
            if len(tries) <= context.op_config:
                raise TransientFailure("openai", "unavailable")

    @dg.job
    def sources() -> None:
        read()

    for down, is_read, tried in ((1, True, 2), (9, False, 3)):
        tries.clear()
        found = sources.execute_in_process(run_config={"ops": {"read": {"config": down}}}, raise_on_error=False)
        assert (found.success, len(tries)) == (is_read, tried)
    (failed,) = [event for event in found.all_events if event.is_step_failure]
    cause = failed.step_failure_data.error
    assert cause is not None and cause.cause is not None and "openai: unavailable" in cause.cause.message
