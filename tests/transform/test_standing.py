"""What is published stands for a run only if nothing that feeds a build has changed; each ingredient is changed here, alone."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration import project
from orchestration.landing.store import Landing
from orchestration.project import Home
from orchestration.transform import standing as module
from orchestration.transform.standing import Fed, company_digest, forget, program_digest, remember, standing_run

AS_OF = date(2026, 10, 31)
FACTS = {"watermark_at": "2026-11-01T06:00:00.000000Z", "window_start": "2026-10-31T00:00:00.000000Z"}
OTHER_WINDOW = FACTS | {"window_start": "2026-10-30T00:00:00.000000Z"}
READ_EARLIER = FACTS | {"watermark_at": "2026-11-01T00:30:00.000000Z"}


@dataclass
class Site:
    home: Home
    company: Path
    fed: Fed

    @property
    def stands(self) -> str | None:
        """As the next run would find it."""
        return standing_run(replace(self.fed, program=program_digest(), company=company_digest(self.company)))

    def land(self, partition: str, row: dict[str, Any], **facts: Any) -> None:
        with self.fed.landing.batch("litellm", "spend_logs") as batch:
            batch.add_rows(partition, [row], **facts)


def spend_row(request: str) -> dict[str, Any]:
    from orchestration.landing.streams import STREAMS

    names = [name for name, _ in STREAMS["litellm", "spend_logs"]]
    return {name: None for name in names if name not in ("partition", "load_id")} | {"request_id": request}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    code = tmp_path / "code"
    for package in (*module.PACKAGES, "dbt_project"):
        (code / package).mkdir(parents=True)
        (code / package / "rule.sql").write_text("select 1")
    monkeypatch.setattr(module, "ROOT", code)
    monkeypatch.setattr(project, "DBT_PROJECT", code / "dbt_project")
    home, company = Home(tmp_path / "home"), tmp_path / "company"
    company.mkdir()
    (company / "company.yaml").write_text("company_id: acme\n")
    (company / "sources.yaml").write_text(
        "sources:\n  openai:\n    base_url: http://127.0.0.1:4001/v1\n    enabled: true\n"
    )
    publication = home.publications / "run-1"
    publication.mkdir(parents=True)
    home.published.symlink_to("publications/run-1")
    home.warehouse.write_bytes(b"")
    receipts = home.root / "enforcement" / "receipts"
    written = ((home.closed, "register.jsonl"), (home.budget, "journal.log"), (home.budget, "lock"))
    decisions = home.root / "enforcement" / "decisions"
    for folder, name in (*written, (receipts, "receipts.jsonl"), (decisions, "2026-10-31.jsonl")):
        folder.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text("one\n")
    fed = Fed(home, Landing(home.landing), AS_OF, program_digest(), company_digest(company), timedelta(hours=24))
    site = Site(home, company, fed)
    site.land("a.jsonl", spend_row("r1"), **FACTS)
    remember(site.fed, "run-1")
    return site


def append(path: Path) -> None:
    path.write_text(path.read_text() + "# two\n")


def touch_landed(site: Site) -> None:
    [file] = site.home.landing.rglob("data.parquet")
    os.utime(file, (1, 1))


def withdraw(site: Site) -> None:
    with site.fed.landing.batch("litellm", "spend_logs") as batch:
        batch.withdraw("a.jsonl")


def publish_another(site: Site) -> None:
    (site.home.publications / "run-2").mkdir()
    site.home.published.unlink()
    site.home.published.symlink_to("publications/run-2")


def fed_with(**changes: Any) -> Callable[[Site], None]:
    def change(site: Site) -> None:
        site.fed = replace(site.fed, **changes)

    return change


CHANGES: dict[str, Callable[[Site], object]] = {
    "a new load": lambda site: site.land("b.jsonl", spend_row("r2"), **FACTS),
    "a restated load": lambda site: site.land("a.jsonl", spend_row("r3"), **FACTS),
    "a withdrawn load": withdraw,
    "a load of another window": lambda site: site.land("a.jsonl", spend_row("r1"), **OTHER_WINDOW),
    "a day read to its end or not": lambda site: site.land("a.jsonl", spend_row("r1"), **READ_EARLIER),
    "a landed file": touch_landed,
    "the company": lambda site: append(site.company / "company.yaml"),
    "a source": lambda site: append(site.company / "sources.yaml"),
    "a new company file": lambda site: (site.company / "contracts.yaml").write_text("contracts: []\n"),
    "the as-of day": fed_with(as_of=date(2026, 11, 1)),
    "the as-of day before": fed_with(as_of=date(2026, 10, 30)),
    "the program": lambda site: append(module.ROOT / "orchestration" / "rule.sql"),
    "the expectations": lambda site: append(module.ROOT / "expectations" / "rule.sql"),
    "the pages and the pack": lambda site: append(module.ROOT / "dashboard" / "rule.sql"),
    "the dbt project": lambda site: append(project.DBT_PROJECT / "rule.sql"),
    "a closed period": lambda site: append(site.home.closed / "register.jsonl"),
    "the budget journal": lambda site: append(site.home.budget / "journal.log"),
    "the receipts": lambda site: append(site.home.root / "enforcement" / "receipts" / "receipts.jsonl"),
    "the decisions": lambda site: append(site.home.root / "enforcement" / "decisions" / "2026-10-31.jsonl"),
    "another publication": publish_another,
    "no publication": lambda site: site.home.published.unlink(),
    "no warehouse": lambda site: site.home.warehouse.unlink(),
    "a build that began": lambda site: forget(site.home),
}  # fmt: skip


def test_it_stands_while_nothing_changes(site: Site) -> None:
    assert site.stands == "run-1"


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_alone_means_build(name: str, site: Site) -> None:
    CHANGES[name](site)
    assert site.stands is None


def test_what_was_known_then_is_another_state(site: Site) -> None:
    then = Landing(site.home.landing, known_before="2099-01-01T00:00:00.000000Z")
    site.fed = replace(site.fed, landing=then)
    assert site.stands is None


def test_another_version_of_a_package_means_build(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "site" / "duckdb-9.9.9.dist-info").mkdir(parents=True)
    monkeypatch.setattr(module.sysconfig, "get_path", lambda name: str(tmp_path / "site"))
    assert site.stands is None


def test_what_is_no_news_lets_it_stand(site: Site) -> None:
    site.land("a.jsonl", spend_row("r1"), **(FACTS | {"watermark_at": "2026-11-20T06:00:00.000000Z"}))
    later = site.fed.digest()
    site.land("a.jsonl", spend_row("r1"), **(FACTS | {"watermark_at": "2026-11-21T06:00:00.000000Z"}))
    assert site.fed.digest() == later
    sources = site.company / "sources.yaml"
    sources.write_text(sources.read_text().replace("4001", "4002"))
    (site.home.budget / "lock").write_text("")
    remember(site.fed, "run-1")
    assert site.stands == "run-1"


def test_a_read_past_a_long_settle_lag_is_news(site: Site) -> None:
    site.fed = replace(site.fed, settle_lag=timedelta(hours=72))
    digests = set()
    for read_to in ("2026-11-03T23:00:00.000000Z", "2026-11-04T01:00:00.000000Z"):
        site.land("a.jsonl", spend_row("r1"), **(FACTS | {"watermark_at": read_to}))
        digests.add(site.fed.digest())
    assert len(digests) == 2, "the as-of day of 31 October is settled since 4 November, 00:00 UTC"


def test_a_damaged_record_is_not_trusted(site: Site) -> None:
    for text in (json.dumps({"run_id": "run-1"}), "{", "[]"):
        (site.home.root / "built.json").write_text(text)
        assert site.stands is None


def test_only_completeness_and_the_list_of_loads_read_watermarks() -> None:
    """Else a watermark past the as-of day might be news; see ``PAST_IN_ANY_ZONE``."""
    models = (Path(__file__).parents[2] / "dbt_project" / "models").rglob("*.sql")
    reading = {path.stem for path in models if "watermark_at" in path.read_text()}
    assert reading == {"stg_run__loads", "int_source_days_judged", "int_billed_days", "ingestion_outcomes"}
