"""Every class of fault in a company folder is reported with its file, its line and what to do."""

from datetime import datetime
from pathlib import Path

import pytest
import yaml

from orchestration.registry import RegistryError, load_company

CASES = yaml.safe_load((Path(__file__).parent / "faults.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_fault_names_file_line_and_remedy(case, edit, faults):
    edit(case["file"], case["old"], case["new"])
    everything = faults()
    found = [fault for fault in everything if fault.startswith(case["fault"])]
    assert len(found) == 1, everything
    assert case["says"] in found[0]


COMPLETE = "    path: logs/*.parquet\n    complete_through: 2026-11-28\n"


@pytest.mark.parametrize(
    ("zone", "now", "last"),
    [
        (
            "Europe/Berlin",
            "2026-11-28T22:30:00+00:00",
            "2026-11-27",
        ),  # half past eleven in the evening of the day itself
        ("Europe/Berlin", "2026-11-28T23:30:00+00:00", None),
        (
            "America/Los_Angeles",
            "2026-11-29T00:30:00+00:00",
            None,
        ),  # the day of the bills has ended, the company's has not
        ("America/Los_Angeles", "2026-11-28T23:30:00+00:00", "2026-11-27"),
        ("UTC", "2027-11-01T12:00:00+00:00", None),
    ],
)
def test_files_are_not_complete_for_a_day_to_come(edit, folder: Path, zone: str, now: str, last: str | None):
    edit("company.yaml", "Europe/Berlin", zone)
    edit("sources.yaml", "    path: logs/*.parquet\n", COMPLETE)
    if last is None:
        assert (
            str(load_company(folder, datetime.fromisoformat(now)).sources["litellm"].complete_through) == "2026-11-28"
        )
        return
    with pytest.raises(RegistryError) as refused:
        load_company(folder, datetime.fromisoformat(now))
    assert str(refused.value).startswith(f"sources.yaml:8: complete_through 2026-11-28 is after {last}")
    assert "write the last day for which the files are known to be complete" in str(refused.value)


def test_all_faults_are_reported_at_once(edit, faults):
    edit("initiatives.yaml", "    kind: cust", "    tpyo_key: 1\n    kind: cust")
    edit("ownership.yaml", "    assign:\n      initiative_id: chat", "    assign:\n      initiative_id: nobody")
    edit("company.yaml", "EUR", "EURO")
    edit("company.yaml", "0.10", "often")
    edit("sources.yaml", "    start_date: 2026-07-01\n", "")
    found = faults()
    assert [fault.rsplit(": ", 1)[0].split(": ")[0] for fault in found] == [
        "company.yaml:3",
        "company.yaml:9",
        "initiatives.yaml:3",
        "ownership.yaml:8",
        "sources.yaml:2",
    ]


def test_a_faulty_initiative_is_no_dangling_reference_of_its_rules(edit, faults):
    edit("initiatives.yaml", "    kind: cust", "    tpyo_key: 1\n    kind: cust")
    assert len(faults()) == 1


def test_broken_syntax_names_the_line(folder: Path, faults):
    (folder / "ownership.yaml").write_text("rules:\n  - rule_id: [r1\n")
    assert faults()[0].startswith("ownership.yaml:3: broken YAML")


def test_a_tab_is_broken_syntax_with_its_line(folder: Path, faults):
    (folder / "ownership.yaml").write_text("rules:\n\t- rule_id: r1\n")
    assert faults()[0].startswith("ownership.yaml:2: broken YAML")


def test_bytes_that_are_no_text_name_the_line(folder: Path, faults):
    (folder / "ownership.yaml").write_bytes(b"# one\nrules: []\n# caf\xe9\n")
    assert faults() == ["ownership.yaml:3: not UTF-8 text; save the file as UTF-8"]


def test_control_characters_name_the_line(folder: Path, faults):
    (folder / "ownership.yaml").write_bytes(b"rules: []\n# \x07\n")
    assert faults()[0].startswith("ownership.yaml:2: a control character")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("- a\n", 1, "top level"),
        ("rules: {r1: {}}\n", 1, "must be a list"),
        ("rules:\n  - r1\n", 2, "'key: value' pairs"),
        ("rules: &a\n  - *a\n", 1, "alias"),
        ("rules: []\n? [x]\n: 1\n", 2, "a key must be plain text"),
        ("rules: []\npools: !!python/object:os.system []\n", 2, "is not supported"),
        ("rules: []\npools: [{pool_id: !!binary aGk=, order: 1}]\n", 2, "is not supported"),
        ("", 1, "key 'rules' is missing"),
    ],
)
def test_shapes_that_are_no_records(folder: Path, text, line, says):
    (folder / "ownership.yaml").write_text(text)
    with pytest.raises(RegistryError) as caught:
        load_company(folder)
    here = [fault for fault in caught.value.faults if (fault.file, fault.line) == ("ownership.yaml", line)]
    assert any(says in fault.message for fault in here), str(caught.value)


def test_missing_files_are_faults(folder: Path, faults):
    (folder / "model_tiers.yaml").unlink()
    (folder / "sources.yaml").unlink()
    found = faults()
    assert [fault.split(": ")[0] for fault in found] == ["model_tiers.yaml:1", "sources.yaml:1"]
    assert all("init" in fault for fault in found)


def test_a_misspelled_optional_file_is_a_fault_and_other_files_are_not(folder: Path, faults):
    (folder / "docker-compose.yaml").write_text("services: {}\n")
    assert load_company(folder).contracts == ()
    (folder / "contract.yaml").write_text("contracts: []\n")
    assert faults() == ["contract.yaml:1: the file is not read under this name; did you mean 'contracts.yaml'?"]


def test_a_missing_folder_says_so(tmp_path: Path):
    with pytest.raises(RegistryError, match="no such folder"):
        load_company(tmp_path / "nowhere")


def test_a_secret_in_the_wrong_place_is_not_repeated(edit, faults):
    path = "    path: logs/*.parquet"
    edit("sources.yaml", path, f"{path}\n    api_key_env: sk-secret-123\n    api_key: sk-secret-456")
    edit("sources.yaml", "http://127.0.0.1:1/v1/", "http://user:sk-secret-789@127.0.0.1:1/v1/")
    found = faults()
    assert [fault.split(": ")[0] for fault in found] == ["sources.yaml:3", "sources.yaml:8", "sources.yaml:9"]
    assert "sk-secret" not in "\n".join(found)
