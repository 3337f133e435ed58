"""The publication and its summary, as the last assets of a run."""

from collections.abc import Iterator
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg

from dashboard.site import write_site
from orchestration.defs.presentation import DAILY, opens, owners, standing_note
from orchestration.defs.publish.inline import shown
from orchestration.defs.run import Run
from orchestration.defs.transform.dbt import MANIFEST, dbt_models, dbt_models_after_statistics
from orchestration.knowledge import begin, finish
from orchestration.publish.layout import read_layouts
from orchestration.publish.snapshot import Publication, publish, publish_again
from orchestration.session import Session
from orchestration.summary.collect import collect
from orchestration.summary.show import plain_text
from orchestration.warehouse import connect

MARTS = sorted(
    (key for models in (dbt_models, dbt_models_after_statistics) for key in models.keys if key.path[0] == "marts"),
    key=lambda key: tuple(key.path),
)
PUBLICATION = dg.AssetKey(["published", "marts"])


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            key=PUBLICATION,
            description="Every mart as a read-only DuckDB file and as Parquet, with a manifest; swapped in whole.",
            group_name="publish",
            owners=owners("publish"),
            kinds={"duckdb", "parquet"},
            freshness_policy=DAILY,
            metadata=opens(__file__),
            deps=MARTS,
        )
    ]
)
def publication(context: dg.AssetExecutionContext, run: Run) -> Iterator[dg.MaterializeResult]:
    """Only after every model was built and every data test passed."""
    session, run_id = run.session, context.run.run_id
    begun_at = begin(session.home, session.as_of)
    before = run.standing()
    done = publish_again(session.home.root, run_id=run_id, begun_at=begun_at) if before else None
    if done is None:
        done = _publish(session, run_id, begun_at)
    finish(session.home)
    run.published(run_id)
    table = "\n".join(f"| {name} | {one.rows} |" for name, one in done.tables.items())
    yield dg.MaterializeResult(
        asset_key=PUBLICATION,
        metadata={
            **_inline(session.home.published.resolve()),
            "dagster/row_count": sum(one.rows for one in done.tables.values()),
            "tables": dg.MetadataValue.md(f"| table | rows |\n| --- | --- |\n{table}"),
            "folder": dg.MetadataValue.path(str(done.folder)),
            "note": standing_note(before) if before else "built in this run",
            "dashboard": dg.MetadataValue.path(str(session.home.published / "dashboard" / "index.html")),
        },
    )


def _inline(folder: Path) -> dict[str, Any]:
    """Figures of the summary to look at; none where it cannot be read, as the step after this one says."""
    try:
        return dict(shown(_summary(folder)))
    except Exception:
        return {}


def _publish(session: Session, run_id: str, begun_at: str) -> Publication:
    with connect(session.home.warehouse) as connection:
        return publish(
            connection,
            session.home.root,
            run_id=run_id,
            as_of=session.as_of,
            company_id=session.company.config.company_id,
            company_name=session.company.config.name,
            version=version("tokenomics"),
            policy_version=session.company.policy.version,
            begun_at=begun_at,
            known_before=session.landing.known_before,
            layouts=read_layouts(MANIFEST),
            is_simulated=session.settings.is_demo,
            write_pages=partial(write_site, kept_charts=session.home.charts),
            people=session.company.policy["people"],
        )


@lru_cache(maxsize=1)
def _summary(publication_folder: Path) -> dict[str, Any]:
    """Read once in a run; what a publication's folder holds never changes."""
    return collect(publication_folder)


@dg.asset(
    key=["published", "summary"],
    deps=[PUBLICATION],
    group_name="publish",
    owners=owners("publish"),
    kinds={"python"},
    metadata=opens(__file__),
    description="What finance asks first, read from the published tables.",
)
def summary(run: Run) -> dg.MaterializeResult:
    found = _summary(run.session.home.published.resolve())
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(found["run_rate"]) + len(found["margin_by_product"]) + len(found["initiatives"]),
            "preview": dg.MetadataValue.md(f"```\n{plain_text(found)}\n```"),
        }
    )
