"""Fields of a payload: money keeps its text, and nothing missing or malformed becomes a number."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.connectors.payload import Record
from orchestration.landing.errors import MalformedMoney, SchemaDrift


def record(text: str) -> Record:
    return Record("openai", "costs", json.loads(text, parse_float=Decimal, parse_constant=str))


@pytest.mark.parametrize(
    ("sent", "landed"),
    [
        ("0.1", "0.1"),
        ("12", "12"),
        ("-3.50", "-3.50"),
        ("1e-05", "0.00001"),
        ("2.5E3", "2500"),
        ('"123.450"', "123.450"),
        ('"1E-7"', "0.0000001"),
        ("0.13080438340307526123", "0.13080438340307526123"),
    ],
)
def test_money_is_plain_decimal_text(sent, landed):
    assert record(f'{{"value": {sent}}}').money("value") == landed


@pytest.mark.parametrize(
    "sent", ['"12.3.4"', '"1O0"', '""', '" 1"', "null", "true", "NaN", "Infinity", '"NaN"', "[1]", '"1e999"', "1e999"]
)
def test_malformed_money_names_source_stream_field_and_value(sent):
    with pytest.raises(
        MalformedMoney, match=r"^openai: stream costs: field amount\.value is not a decimal amount"
    ) as caught:
        record(f'{{"amount": {{"value": {sent}}}}}').part("amount").money("value")
    shown = json.loads(sent, parse_float=Decimal, parse_constant=str)
    assert str(caught.value).endswith(f": {'null' if shown is None else shown}")


@given(st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False))
def test_money_text_means_the_number_that_was_sent(amount):
    text = record(f'{{"value": {amount!s}}}').money("value")
    assert "e" not in text.lower()
    assert Decimal(text) == amount


def test_a_missing_field_is_an_error_and_null_is_not_zero():
    body = record('{"a": null, "b": ""}')
    for read in (
        body.text,
        body.whole,
        body.flag,
        body.money,
        body.currency,
        body.part,
        body.parts,
        body.nullable_text,
    ):
        with pytest.raises(SchemaDrift, match="field c is missing"):
            read("c")
    assert body.nullable_text("a") is None
    assert body.nullable_whole("a") is None
    assert (body.optional_whole("c"), body.optional_text("b"), body.optional_part("a")) == (None, None, None)
    with pytest.raises(SchemaDrift, match="field a is not a whole number"):
        body.whole("a")


@pytest.mark.parametrize("sent", ["-1", "1.5", "true", '"7"', "null"])
def test_a_count_is_a_whole_number_from_zero_up(sent):
    with pytest.raises(SchemaDrift, match="whole number"):
        record(f'{{"n": {sent}}}').whole("n")


def test_a_count_beyond_floating_point_stays_exact():
    assert record('{"n": 9007199254740993}').whole("n") == 9007199254740993


@pytest.mark.parametrize("sent", ['"US Dollar"', '"$"', "null", "5"])
def test_a_currency_is_three_letters(sent):
    with pytest.raises(SchemaDrift, match="not a currency code"):
        record(f'{{"c": {sent}}}').currency("c")
    assert record('{"c": "usd"}').currency("c") == "usd"


def test_moments_are_utc():
    assert record('{"t": "2026-10-01T02:00:00+02:00"}').moment("t") == datetime(2026, 10, 1, tzinfo=UTC)
    assert record('{"t": 1790812800}').unix_moment("t") == datetime(2026, 10, 1, tzinfo=UTC)
    for sent in ('"2026-10-01T00:00:00"', '"yesterday"', "5"):
        with pytest.raises(SchemaDrift):
            record(f'{{"t": {sent}}}').moment("t")


def test_lists_and_objects_are_what_they_claim():
    with pytest.raises(SchemaDrift, match="field data is not a list"):
        record('{"data": {}}').parts("data")
    with pytest.raises(SchemaDrift, match="data is not an object"):
        record('{"data": [1]}').parts("data")
    with pytest.raises(SchemaDrift, match="the answer is not an object"):
        record("[]")
