"""guardrails.yaml: what it reads as, what stands without it, and faults between caps, overrides, adapters and other files."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.registry import load_company
from orchestration.registry.guardrails import ADAPTERS

WHOLE = """\
caps:
  - cap_id: developers
    subject: developer
    ids: ["dev_*", lead]
    windows:
      - {window: daily, amount: 50}
      - {window: monthly, amount: "600.25", reset_day: 15}
    time_zone: America/New_York
    currency: USD
    mode: hard
    headroom: 2.5
  - {cap_id: teams, subject: team, ids: finance, windows: [{window: weekly, amount: 10}], valid_from: 2026-07-01}
overrides:
  - cap_id: developers
    id: dev_042
    window: daily
    amount: 120
    starts_at: 2026-11-30T09:00:00+01:00
    expires_at: 2026-12-02T17:00:00Z
    approver: lead@company.example
    reason: migration
adapters:
  litellm: {apply: true, base_url: "http://127.0.0.1:4000/", entities: "key:*", downgrades: {big: small}}
  policy_file: {apply: true, entities: "key:*", valid_for_minutes: 5}
"""


def with_guardrails(folder: Path, text: str):
    (folder / "guardrails.yaml").write_text(text)
    return load_company(folder).guardrails


def test_without_the_file_there_is_no_cap_and_every_adapter_is_off(folder):
    guardrails = load_company(folder).guardrails
    assert (guardrails.caps, guardrails.overrides) == ((), ())
    assert sorted(guardrails.adapters) == sorted(ADAPTERS)
    assert not any(one.apply for one in guardrails.adapters.values())


@pytest.mark.parametrize("text", ["", "caps: []\n", "caps: []\noverrides: []\nadapters: {}\n"])
def test_an_empty_file_is_as_none(folder, text):
    without = load_company(folder).guardrails
    assert with_guardrails(folder, text) == without


def test_caps_overrides_and_adapters_read_as_written(folder):
    guardrails = with_guardrails(folder, WHOLE)
    developers, teams = guardrails.caps
    assert (developers.subject, developers.ids, developers.adapter) == ("developer", ("dev_*", "lead"), "litellm")
    assert [(one.window, one.amount, one.reset_day) for one in developers.windows] == [
        ("daily", Decimal("50"), None),
        ("monthly", Decimal("600.25"), 15),
    ]
    assert (developers.time_zone, developers.currency, developers.mode) == ("America/New_York", "USD", "hard")
    assert developers.headroom == Decimal("2.5")
    assert (teams.ids, teams.mode, teams.time_zone, teams.valid_from) == (("finance",), None, None, date(2026, 7, 1))
    (override,) = guardrails.overrides
    assert override.starts_at.astimezone(UTC) == datetime(2026, 11, 30, 8, tzinfo=UTC)
    assert override.expires_at == datetime(2026, 12, 2, 17, tzinfo=UTC)
    litellm = guardrails.adapters["litellm"]
    assert (litellm.apply, litellm.base_url, litellm.entities) == (True, "http://127.0.0.1:4000", ("key:*",))
    assert (litellm.max_changes, litellm.on_drift, litellm.downgrades) == (10, "report", {"big": "small"})
    assert guardrails.adapters["policy_file"].valid_for_minutes == 5
    assert not guardrails.adapters["openrouter"].apply


def test_an_adapter_is_where_the_source_of_its_name_is_unless_it_says_otherwise(folder, edit):
    edit(
        "sources.yaml",
        "    mode: files\n",
        "    mode: files\n    base_url: http://127.0.0.1:2\n    api_key_env: MASTER\n",
    )
    adapters = load_company(folder).guardrails.adapters
    assert (adapters["litellm"].base_url, adapters["litellm"].api_key_env) == ("http://127.0.0.1:2", "MASTER")
    assert (adapters["openai"].base_url, adapters["openai"].api_key_env) == (
        "http://127.0.0.1:1/v1",
        "OPENAI_ADMIN_KEY",
    )
    assert adapters["openrouter"].base_url == "https://openrouter.ai/api/v1"
    assert (adapters["mlflow"].base_url, adapters["mlflow"].api_key_env) == (None, None)
    adapters = with_guardrails(
        folder, "adapters: {litellm: {base_url: 'http://127.0.0.1:3', api_key_env: OTHER}}"
    ).adapters
    assert (adapters["litellm"].base_url, adapters["litellm"].api_key_env) == ("http://127.0.0.1:3", "OTHER")


@pytest.mark.parametrize(
    ("adapter", "entity"),
    [("merge_gateway", "key:k"), ("openrouter", "key:k"), ("mlflow", "endpoint:chat"), ("anthropic", "workspace:w")],
)
def test_an_initiative_may_be_guarded_at_any_gateway_that_can_hold_a_cap(folder, edit, adapter, entity):
    edit(
        "initiatives.yaml",
        "adapter: litellm\n      entity: team:finance",
        f"adapter: {adapter}\n      entity: {entity}",
    )
    guardrail = load_company(folder).initiatives[1].guardrail
    assert (guardrail.adapter, guardrail.entity) == (adapter, entity)


# ------------------------------------------------------------------------------------------------------ faults

KEYS = "caps:\n  - {cap_id: keys, subject: key, ids: ['a*', b], windows: [{window: daily, amount: 5}]"
OVERRIDE = (
    "id: a1, window: daily, amount: 9, approver: a@company.example, reason: r, "
    "starts_at: 2026-11-01T00:00:00Z, expires_at: 2026-11-03T00:00:00Z"
)


def refused(folder: Path, faults, text: str) -> str:
    """The one fault that ``text`` is refused with."""
    (folder / "guardrails.yaml").write_text(text)
    (fault,) = faults()
    return fault


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("cap: []\n", 1, "unknown key 'cap'; did you mean 'caps'?"),
        (f"{KEYS}, time_zone: Europe/Berlinn}}\n", 2, "time_zone: 'Europe/Berlinn' is not an IANA time zone"),
        (f"{KEYS}, currency: EURO}}\n", 2, "is not an ISO 4217 currency code"),
        (f"{KEYS}, headroom: -1}}\n", 2, "headroom: '-1' is not valid"),
        (f"{KEYS}, adapter: lightllm}}\n", 2, "adapter: 'lightllm' is not allowed; write 'litellm'"),
        (f"{KEYS}, mode: soft}}\n", 2, "mode: 'soft' is not allowed"),
        (f"{KEYS.replace('5}]', '5, reset_day: 2}]')}}}\n", 2, "reset_day belongs to a monthly window"),
        (f"{KEYS.replace('5}]', '0}]')}}}\n", 2, "amount: '0' is not valid"),
        (f"{KEYS.replace('5}]', '5}, {window: daily, amount: 6}]')}}}\n", 2, "window 'daily' stands twice"),
        (f"{KEYS.replace('daily', 'hourly')}}}\n", 2, "window: 'hourly' is not allowed"),
    ],
)
def test_a_faulty_cap_names_its_line(folder, faults, text, place, says):
    fault = refused(folder, faults, text)
    assert fault.startswith(f"guardrails.yaml:{place}: ") and says in fault


@pytest.mark.parametrize(
    ("override", "says"),
    [
        (f"cap_id: kees, {OVERRIDE}", "cap_id 'kees' is not among the caps; did you mean 'keys'?"),
        (
            f"cap_id: keys, {OVERRIDE}".replace("daily", "monthly"),
            "window 'monthly' is none of cap 'keys'; it has daily",
        ),
        (f"cap_id: keys, {OVERRIDE}".replace("id: a1", "id: c"), "id 'c' is none that cap 'keys' holds for"),
        (f"cap_id: keys, {OVERRIDE}".replace("00Z", "00"), "has no offset; write it like 2026-11-28T09:00:00+01:00"),
        (f"cap_id: keys, {OVERRIDE}".replace("11-03", "11-01"), "expires_at 2026-11-01 00:00:00+00:00 is not after"),
        (f"cap_id: keys, {OVERRIDE}".replace("a@company.example", "a"), "approver: 'a' is not an e-mail address"),
    ],
)
def test_an_override_needs_its_cap_window_id_and_moments(folder, faults, override, says):
    (folder / "guardrails.yaml").write_text(f"{KEYS}}}\noverrides:\n  - {{{override}}}\n")
    found = [fault for fault in faults() if says in fault]
    assert found and found[0].startswith("guardrails.yaml:4: ")


def test_a_pattern_in_the_id_of_an_override_is_one_id_and_not_many(folder, faults):
    fault = refused(
        folder, faults, f"{KEYS}}}\noverrides:\n  - {{cap_id: keys, {OVERRIDE}}}\n".replace("id: a1", "id: '*'")
    )
    assert fault.startswith("guardrails.yaml:4: id '*' is none that cap 'keys' holds for")


def test_overrides_of_one_window_may_follow_each_other_and_not_overlap(folder, faults):
    one = f"{KEYS}}}\noverrides:\n  - {{cap_id: keys, {OVERRIDE}}}\n"
    later = OVERRIDE.replace("2026-11-03", "2026-11-05").replace("2026-11-01T00:00:00Z", "2026-11-03T01:00:00+01:00")
    assert len(with_guardrails(folder, f"{one}  - {{cap_id: keys, {later}}}\n").overrides) == 2
    earlier = later.replace("2026-11-03T01:00:00+01:00", "2026-11-03T00:59:00+01:00")
    fault = refused(folder, faults, f"{one}  - {{cap_id: keys, {earlier}}}\n")
    assert fault.startswith("guardrails.yaml:5: the override overlaps the one on line 4")


OTHER = (
    "  - {cap_id: other, subject: key, ids: [c, b], windows: [{window: weekly, amount: 9}, {window: daily, amount: 7}]"
)


def test_one_id_has_one_cap_per_window(folder, faults):
    fault = refused(folder, faults, f"{KEYS}}}\n{OTHER}}}\n")
    assert fault.startswith("guardrails.yaml:3: key 'b' has a daily cap already, 'keys' on line 2")


@pytest.mark.parametrize(
    "other",
    [
        OTHER.replace("b]", "'b*']"),
        OTHER.replace("daily", "monthly"),
        OTHER.replace("subject: key", "subject: team"),
        f"{OTHER}, adapter: openrouter",
        f"{OTHER}, valid_to: 2026-07-01".replace("valid_to", "valid_from"),
    ],
    ids=["another pattern", "another window", "another subject", "another gateway", "another time"],
)
def test_caps_that_do_not_meet_literally_may_stand_beside_each_other(folder, other):
    first = KEYS + (", valid_to: 2026-07-01" if "valid_from" in other else "")
    assert len(with_guardrails(folder, f"{first}}}\n{other}}}\n").caps) == 2


def test_versions_of_a_cap_may_not_overlap(folder, faults):
    text = f"{KEYS}, valid_to: 2026-08-01}}\n{KEYS.partition(chr(10))[2]}, valid_from: 2026-07-01}}\n"
    fault = refused(folder, faults, text)
    assert fault.startswith("guardrails.yaml:3: cap_id 'keys' is already declared on line 2 for overlapping dates")


def test_a_cap_of_an_initiative_that_nobody_declares_is_a_fault(folder, faults):
    cap = "caps: [{cap_id: c, subject: initiative, ids: ['chat*', raeder], windows: [{window: daily, amount: 5}]}]"
    fault = refused(folder, faults, cap)
    assert fault.startswith("guardrails.yaml:1: initiative 'raeder' is not in initiatives.yaml")
    assert "did you mean 'reader'?" in fault


@pytest.mark.parametrize(
    ("adapters", "says"),
    [
        ("{lite_llm: {}}", "unknown adapter 'lite_llm'; did you mean 'litellm'?"),
        ("{litellm: {aply: true}}", "unknown key 'aply'; did you mean 'apply'?"),
        ("{litellm: {name: litellm}}", "the adapter is named by its key"),
        ("{litellm: {valid_for_minutes: 5}}", "adapter litellm takes no key 'valid_for_minutes'; drop it"),
        ("{litellm: 5}", "litellm must hold 'key: value' pairs"),
        ("{litellm: {max_changes: 0}}", "max_changes: '0' is not valid"),
        ("{mlflow: {apply: true}}", "key 'base_url' is missing, and no source of this name has one"),
        ("{mlflow: {base_url: 'http://u:sk-secret@127.0.0.1'}}", "carries a user, password or query"),
        ("{mlflow: {api_key_env: sk-secret-1}}", "is not the name of an environment variable"),
        ("[litellm]", "'adapters' must hold 'key: value' pairs"),
    ],
)
def test_a_faulty_adapter_names_its_line(folder, faults, adapters, says):
    fault = refused(folder, faults, f"caps: []\nadapters: {adapters}\n")
    assert fault.startswith("guardrails.yaml:2: ") and says in fault and "sk-secret" not in fault


def test_an_adapter_that_is_switched_on_for_no_entity_is_a_fault(folder, faults):
    (folder / "guardrails.yaml").write_text("adapters:\n  policy_file:\n    apply: true\n")
    (said,) = [one for one in faults() if "guardrails.yaml" in one]
    assert said.startswith("guardrails.yaml:3:") and "add entities" in said


def test_headroom_that_leaves_nothing_of_a_cap_is_a_fault(folder, faults):
    text = "caps:\n  - cap_id: c\n    subject: key\n    ids: k\n    headroom: 5\n    windows: [{window: daily, amount: 5}]\n"
    (folder / "guardrails.yaml").write_text(text)
    (said,) = [one for one in faults() if "guardrails.yaml" in one]
    assert said.startswith("guardrails.yaml:5:") and "headroom 5 leaves nothing of the cap of 5" in said


def test_headroom_of_a_cap_that_only_tells_is_no_fault(folder):
    text = KEYS.replace("subject: key,", "subject: key, mode: alert, headroom: 5,") + "}\n"
    assert [one.headroom for one in with_guardrails(folder, text).caps] == [Decimal(5)]


def test_a_faulty_list_is_named_by_its_key(folder, faults):
    text = "caps: []\nadapters: {litellm: {apply: true, base_url: 'http://127.0.0.1:1', entities: []}}\n"
    assert refused(folder, faults, text).startswith(
        "guardrails.yaml:2: entities: is an empty list, which matches nothing"
    )
