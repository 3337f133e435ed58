"""The enforcement sensor: one round of the minute path every minute, in its own process. It requests no runs, so nothing storms.

What it writes to a gateway is what ``apply: true`` and the entities of guardrails.yaml allow; everywhere else it plans and
alerts. Its cursor is the publication that it judged by: the breakers and caps of another one are judged at the next round.
"""

import dagster as dg

from orchestration.defs.presentation import opens, owners
from orchestration.enforcement.command import open_desk
from orchestration.enforcement.show import tick_line
from orchestration.enforcement.tick_result import TickResult
from orchestration.settings import load_settings

ENFORCEMENT = dg.AssetSpec(
    key=["control", "enforcement"],
    description="What the minute path decided about caps, loops and breakers, and what was written to gateways.",
    group_name="control",
    owners=owners("control"),
    kinds={"python", "json"},
    metadata=opens(__file__),
    deps=[dg.AssetKey(["published", "marts"])],
)


@dg.sensor(
    minimum_interval_seconds=60,
    description="Every minute: polls the gateway's log, judges caps and loops, and writes what guardrails.yaml allows. Off until "
    "it is turned on; dry-run at every gateway without apply: true.",
)
def enforcement_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    settings = load_settings()
    if settings.is_demo:
        return dg.SkipReason("the simulated company has no live traffic; set TOKENOMICS_COMPANY")
    with open_desk(settings) as desk:
        result = desk.once(apply=True, is_preview=False)
        published = desk.facts.run_id or "none"
    for fault in result.faults:
        context.log.warning(fault)
    context.update_cursor(published)
    if not (result.decisions or result.actions or published != context.cursor):
        return dg.SkipReason(tick_line(result))
    return dg.SensorResult(
        cursor=published,
        asset_events=[
            dg.AssetMaterialization(asset_key=ENFORCEMENT.key, description=tick_line(result), metadata=shown(result))
        ],
    )


def shown(result: TickResult) -> dict[str, int]:
    """The figures that the graph shows of one round."""
    return {
        "caps": len(result.caps),
        "caps_reached": sum(line.status == "reached" for cap in result.caps for line in cap.decision.lines),
        "caps_unknown": sum(line.status == "unknown" for cap in result.caps for line in cap.decision.lines),
        "new_requests": sum(reading.new for reading in result.readings.values()),
        "changes_planned": sum(len(found.changes) for found in result.plans),
        "changes_written": len(result.written),
        "decisions": len(result.decisions),
        "faults": len(result.faults),
    }
