"""A model used without a price is told once, with what is needed to price it and nothing about who used it."""

import json
from pathlib import Path

import dagster as dg
import pytest

from orchestration.alerts.prices import tell_unpriced
from orchestration.alerts.transports import FileTransport
from orchestration.defs.control.price_alerts import price_alert_sensor
from orchestration.project import Home
from tests.alerts.publication import sent, write_publication

TABLE = (
    "create table fct_usage (usage_date date, provider varchar, model_id varchar, token_class varchar, unit varchar, "
    "quantity bigint, pricing_status varchar, is_counted boolean, actor_id varchar, api_key_id varchar, "
    "list_unit_price_per_million decimal(18, 6), list_price_currency varchar)"
)
WHO = "'person@company.example', 'key_77aa', null, null"
QUOTED = WHO.replace("null, null", "10, 'USD'")
FIRST = f"date '2026-09-10', 'openai', 'private-1', 'output', 'tokens', 1500, 'unpriced', true, {WHO}"
LAST = (
    f"date '2026-10-28', 'openai', 'private-1', 'input_uncached', 'tokens', 9007199254740993, 'unpriced', true, {WHO}"
)
SPEECH = f"date '2026-10-01', 'openai', 'speech-1', 'seconds', 'seconds', 90, 'unpriced', true, {WHO}"
ELSEWHERE = f"date '2026-10-01', 'azure', 'private-1', 'output', 'tokens', 7, 'unpriced', true, {WHO}"
NOT_OPEN = (
    f"date '2026-10-01', 'openai', 'known', 'output', 'tokens', 7, 'priced', true, {WHO}",
    f"date '2026-10-01', 'openai', 'twice', 'output', 'tokens', 7, 'unpriced', false, {WHO}",
    f"date '2026-10-01', 'openai', 'known', 'request', 'requests', 7, 'unpriced', true, {WHO}",
)
UNCONVERTED = f"date '2026-10-01', 'openai', 'known', 'output', 'tokens', 7, 'unpriced', true, {QUOTED}"
REMEDY = "add a price for the model to contracts.yaml (kind: price, with its currency), or wait for the next price list"


def publish(home: Path, *rows: str) -> None:
    values = ", ".join(f"({row})" for row in rows)
    write_publication(home, "2026-10-28", TABLE, f"insert into fct_usage values {values}")


def tell(home: Path, *rows: str) -> tuple[str, ...]:
    publish(home, *rows)
    told = tell_unpriced(Home(home), over=[FileTransport(home / "alerts")])
    assert told.faults == ()
    return told.titles


def test_a_model_is_told_once_however_much_is_used(tmp_path: Path) -> None:
    assert tell(tmp_path, FIRST, *NOT_OPEN) == (
        f"OpenAI private-1 has no price: 1,500 tokens from 2026-09-10 to 2026-09-10; {REMEDY}",
    )
    assert tell(tmp_path, FIRST, LAST) == ()
    assert tell(tmp_path, LAST) == ()
    other = tmp_path / "other"
    assert tell(other, FIRST, LAST) == (
        f"OpenAI private-1 has no price: 9,007,199,254,742,493 tokens from 2026-09-10 to 2026-10-28; {REMEDY}",
    )


def test_each_provider_model_and_unit_is_a_fact_of_its_own(tmp_path: Path) -> None:
    assert len(tell(tmp_path, FIRST, ELSEWHERE, SPEECH)) == 3
    assert [alert["key"] for alert in sent(tmp_path)] == [
        "unpriced_usage:openai:private-1",
        "unpriced_usage:azure:private-1",
        "unpriced_usage:openai:speech-1 seconds",
    ]


def test_alert_holds_what_is_needed_to_price_it_and_nobody(tmp_path: Path) -> None:
    tell(tmp_path, FIRST, LAST)
    [alert] = sent(tmp_path)
    assert (alert["severity"], alert["owner"]) == ("warning", None)
    assert alert["details"] == {
        "provider": "openai",
        "model_id": "private-1",
        "quantity": "9007199254742493",
        "unit": "tokens",
        "first_date": "2026-09-10",
        "last_date": "2026-10-28",
        "remedy": REMEDY,
    }
    assert "person@company.example" not in json.dumps(alert)
    assert "key_77aa" not in json.dumps(alert)


def test_a_price_without_an_exchange_rate_is_told_as_that(tmp_path: Path) -> None:
    (title,) = tell(tmp_path, UNCONVERTED)
    assert title == (
        "OpenAI known has no exchange rate from USD: 7 tokens from 2026-10-01 to 2026-10-01; its price is in USD, and no "
        "exchange rate is known on these days: add it to ledgers/exchange_rates*.csv; a rate serves its day and the seven "
        "after it"
    )
    other = tmp_path / "other"
    assert tell(other, UNCONVERTED, UNCONVERTED.replace(QUOTED, WHO)) == (
        f"OpenAI known has no price: 14 tokens from 2026-10-01 to 2026-10-01; {REMEDY}",
    )


def test_priced_usage_and_no_usage_table_tell_nothing(tmp_path: Path) -> None:
    assert tell(tmp_path, *NOT_OPEN) == ()
    write_publication(tmp_path, "2026-10-28")
    assert tell_unpriced(Home(tmp_path), over=[]).reason == "none of 0 alerts is new"


def test_sensor_tells_once_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKENOMICS_HOME", str(tmp_path))
    publish(tmp_path, FIRST)
    with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance=instance) as context:
        first, second = price_alert_sensor(context), price_alert_sensor(context)
    assert isinstance(first, dg.SkipReason)
    assert isinstance(second, dg.SkipReason)
    assert (first.skip_message or "").startswith("OpenAI private-1 has no price: 1,500 tokens")
    assert second.skip_message == "none of 1 alerts is new"
