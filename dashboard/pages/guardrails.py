"""Guardrails: what leaks and what to do about it, breakers against their floors, caps and their use, incidents, and what was
written to which gateway.
"""

import json
from decimal import Decimal

from dashboard.charts import Drawer
from dashboard.figures import Block, Column, Figure, Note, Page, Section, Table, shown
from dashboard.names import Names, read_names
from dashboard.publication import Publication, Row
from dashboard.scale import with_others
from orchestration.glossary import in_words, reason_in_words

DAYS = 28
MOST = 100

PASSED = """
select
    adapter, entity, subject, subject_id, "window", count(*) filter (where status = 'overshot') as windows,
    count(*) filter (where status = 'not_in_force') as windows_not_in_force,
    count(*) filter (where status = 'unknown') as windows_unknown,
    count(*) filter (where status = 'requests_not_here') as windows_not_here, max(cap_date) as last_date,
    max(minutes_late) as minutes_late,
    sum(cost_after_crossing) filter (where status = 'overshot') as passed_cost,
    sum(overshoot) filter (where status <> 'held') as over_cost
from (
    select * from cap_audit_by_entity_day where cap_date > cast(? as date) - 28 and cap_date <= cast(? as date)
    qualify row_number() over (partition by adapter, entity, "window", window_start_date order by cap_date desc) = 1
)
group by all
having count(*) filter (where status in ('overshot', 'not_in_force', 'requests_not_here', 'unknown')) > 0
"""
"""Of each window its last day, which holds what was spent in the whole of it."""

AUDITED = """
select count(*) as caps, count(*) filter (where is_unread) as unread
from (
    select adapter, entity, "window", bool_or(not coalesce(is_read_back, false) and refused_at is null) as is_unread
    from cap_audit_by_entity_day
    where cap_date > cast(? as date) - 28 and cap_date <= cast(? as date)
    group by all
)
"""
"""A refusal in the log shows as well as a reading that the gateway had the cap."""

ELSEWHERE = "select count(*) as days from ingestion_outcomes where stream = 'rolled_up_usage' and rows > 0"
"""Days that were summed where the log is: their requests are not here."""

UNCAPPED = """
select adapter, entity, subject, subject_id, sum(uncapped_cost) as uncapped_cost, count(*) as days, max(cap_date) as last_date
from (
    select adapter, entity, subject, subject_id, cap_date, max(uncapped_cost) as uncapped_cost from cap_audit_by_entity_day
    where cap_date > cast(? as date) - 28 and cap_date <= cast(? as date)
    group by all
)
where uncapped_cost > 0
group by all
"""

BREAKERS = """
select
    products.product_id, decisions.to_state, decisions.decided_at, decisions.reason, days.margin_date,
    days.gross_margin_ratio, products.margin_floor_ratio
from dim_products as products
left join (
    select * from guardrail_decisions where policy = 'margin_breaker'
    qualify row_number() over (partition by entity order by decided_at desc, to_state) = 1
) as decisions on products.product_id = decisions.entity
left join (
    select * from gross_margin_by_product_day
    where margin_date <= cast(? as date) and gross_margin_ratio is not null
    qualify row_number() over (partition by product_id order by margin_date desc) = 1
) as days on products.product_id = days.product_id
where products.is_current
order by decisions.to_state is null, products.product_id
"""

EXPECTED = """
select
    product_id, margin_date, revenue_usd, other_cogs_usd, ai_cogs_usd from guardrail_product_days
order by margin_date desc, product_id
"""

CAPS = """
select
    caps.cap_id, caps.subject, caps.subject_id, caps.id_pattern, caps.adapter, caps.entity, caps."window", caps.mode,
    caps.amount, audit.cap_in_force, audit.is_read_back, audit.refused_at, audit.cost, audit.cap_used_ratio, audit.status,
    audit.resets_at
from guardrail_caps as caps
left join (
    select * from cap_audit_by_entity_day where cap_date <= cast(? as date)
    qualify row_number() over (partition by adapter, entity, "window", cap_id, subject_id order by cap_date desc) = 1
        and cap_date >= cast(? as date) - 1
) as audit
    on caps.cap_id = audit.cap_id and caps.adapter = audit.adapter and caps."window" = audit."window"
    and caps.subject_id = audit.subject_id
where caps.holds_until > cast(? as date)
order by audit.cap_used_ratio desc nulls last, caps.cap_id, caps.subject_id nulls last
"""

OVERRIDES = """
select cap_id, subject_id, "window", amount, starts_at, expires_at, approver, reason from guardrail_cap_overrides
order by expires_at, cap_id
"""

INCIDENTS = """
select
    started_at, ended_at, entity, kind, incident_cost, cost_per_hour, runway_days_lost, runway_days_lost_null_reason,
    actor_id, team_id, department_id, is_repeat, reason
from incidents order by incident_cost desc, started_at
"""

RECEIPTS = """
select planned_at, applied_at, verified_at, adapter, entity, action, before, after, outcome, policy, reason
from enforcement_receipts order by planned_at desc limit 200
"""

DECISIONS = """
select decided_at, policy, entity, from_state, to_state, reason from guardrail_decisions
order by decided_at desc limit 200
"""

BREAKER_VERDICTS = {"closed": "good", "degraded": "watch", "half_open": "watch", "throttled": "bad", "open": "bad"}


def guardrails(publication: Publication, drawer: Drawer) -> Page:
    names = read_names(publication)
    leaks = _leaks(publication, names)
    breakers = _breakers(publication, names)
    incidents = _incidents(publication, names)
    return Page(
        "guardrails",
        "Guardrails",
        "Whether caps and margin breakers hold, what got past them, and what was written to the gateways.",
        (
            Section("At a glance", _figures(publication, leaks, breakers, incidents)),
            Section(
                "What leaks",
                (_leak_table(publication, leaks),),
                f"Of the last {DAYS} days. One request may count at several caps, so the rows are not added up.",
            ),
            Section("Margin breakers", (_breaker_table(breakers), *_expected(publication, names))),
            Section("Caps and their use", (_caps(publication, names), _overrides(publication, names))),
            Section("Incidents", (_incident_table(incidents),)),
            Section("Written to the gateways", (_receipts(publication, names), _decisions(publication, names))),
        ),
    )


def _figures(
    publication: Publication, leaks: list[Row], breakers: list[Row], incidents: list[Row]
) -> tuple[Block, ...]:
    figures: list[Block] = []
    elsewhere = publication.one("ingestion_outcomes", ELSEWHERE)
    days_elsewhere = elsewhere["days"] if elsewhere else 0
    if audited := _audited(publication):
        unread = _not_known_in_force(audited)
        dear = leaks[0] if leaks and leaks[0]["amount"] else None
        currency = publication.provenance.currency
        says = f"the dearest: {dear['who']}, {currency} {shown(dear['amount'], 'money')}" if dear else ""
        figures.append(
            Figure(
                f"Leaks in {DAYS} days",
                len(leaks),
                "count",
                "Caps that were passed, not in force or not known, and owners with cost that no cap covers.",
                "cap_audit_by_entity_day",
                verdict=("unknown" if unread else "good") if not leaks else "bad" if dear else "watch",
                says=says or ("without an amount so far" if leaks else unread or "every cap was in force and held"),
            )
        )
    if breakers:
        tripped = [row["product"] for row in breakers if row["verdict"] in ("watch", "bad")]
        unknown = [row["product"] for row in breakers if row["verdict"] == "unknown"]
        normal = f"no floor or no margin is known of {', '.join(unknown)}" if unknown else ""
        figures.append(
            Figure(
                "Breakers that act",
                len(tripped),
                "count",
                "Products whose margin breaker is in any state but normal.",
                "guardrail_decisions",
                verdict="bad" if tripped else "unknown" if unknown else "good",
                says=", ".join(tripped) or normal or "every product is in its normal state",
            )
        )
    if audited or incidents:
        figures.append(
            Figure(
                "Cost of incidents",
                sum((row["incident_cost"] for row in incidents), Decimal(0)),
                "money",
                "Cost beyond what each key usually costs at that hour, of every incident on record.",
                "incidents",
                rows="incidents",
                total="incident_cost",
                verdict="watch" if incidents else "unknown" if days_elsewhere else "good",
                says=_not_looked_for(days_elsewhere)
                or ("" if incidents else "no runaway loop and no slow drip was found"),
            )
        )
    return tuple(figures) or (
        Note("No guardrail watches anything yet: caps are declared in guardrails.yaml, floors in products.yaml."),
    )


def _audited(publication: Publication) -> Row | None:
    """How many caps are audited and of how many it is not known on every day whether they were in force; None without any."""
    as_of = publication.provenance.as_of
    found = publication.one("cap_audit_by_entity_day", AUDITED, [as_of, as_of])
    return found if found and found["caps"] else None


def _not_known_in_force(audited: Row) -> str:
    if not audited["unread"]:
        return ""
    return (
        f"{audited['unread']:,} of {audited['caps']:,} caps: not known on every day whether they were in force; let each run "
        "read the gateway back (base_url and key in sources.yaml)"
    )


def _not_looked_for(days: int) -> str:
    if not days:
        return ""
    return f"runaway loops are not looked for on {days:,} {'day' if days == 1 else 'days'} summed where the log is"


def _leaks(publication: Publication, names: Names) -> list[Row]:
    """Leaks by what they cost, the dearest first; those without an amount last."""
    as_of = publication.provenance.as_of
    found = []
    for row in publication.rows("cap_audit_by_entity_day", PASSED, [as_of, as_of]):
        who = {"who": _owner(row, names), "adapter": row["adapter"], "window": in_words(row["window"])}
        who["last_date"] = row["last_date"]
        if row["windows"]:
            late = row["minutes_late"]
            found.append(
                who
                | {
                    "what": f"requests passed after the cap was reached, {_times(row['windows'], row['window'])}"
                    + (f", for up to {late:,.0f} minutes" if late else ""),
                    "amount": row["passed_cost"],
                    "remedy": "Keep tokenomics enforce --watch --apply running, and give the cap headroom in guardrails.yaml.",
                }
            )
        if row["windows_not_in_force"]:
            found.append(
                who
                | {
                    "what": "the gateway had no such cap, or a higher one, "
                    + _times(row["windows_not_in_force"], row["window"]),
                    "amount": row["over_cost"] or None,
                    "remedy": "Name the entity under adapters in guardrails.yaml with apply: true, then run "
                    "tokenomics enforce --apply.",
                }
            )
        if row["windows_not_here"]:
            found.append(
                who
                | {
                    "what": "the cap was reached on a day summed where the log is; what passed after it is not known here, "
                    + _times(row["windows_not_here"], row["window"]),
                    "amount": None,
                    "remedy": "Look in the log itself, or read these days as single requests (mode: files or api).",
                }
            )
        if row["windows_unknown"]:
            found.append(
                who
                | {
                    "what": f"cost or cap is not known, {_times(row['windows_unknown'], row['window'])}",
                    "amount": None,
                    "remedy": "Let the gateway be read back (base_url and key in sources.yaml), load days without data, and "
                    "price what is unpriced.",
                }
            )
    for row in publication.rows("cap_audit_by_entity_day", UNCAPPED, [as_of, as_of]):
        found.append(
            {
                "who": _owner(row, names),
                "adapter": row["adapter"],
                "window": None,
                "last_date": row["last_date"],
                "what": f"other keys of the same owner spent without a cap, {_times(row['days'], 'daily')}",
                "amount": row["uncapped_cost"],
                "remedy": "Add the owner's other keys, or the owner itself, to caps in guardrails.yaml.",
            }
        )
    for row in found:
        row["verdict"] = "bad" if row["amount"] else "watch"
    return sorted(found, key=lambda row: (-(row["amount"] or 0), row["who"]))


def _owner(row: Row, names: Names) -> str:
    """Whom the cap is for; the entity at the gateway where the policy names nobody."""
    return _subject(row, names) if row["subject_id"] else names.entity(row["entity"])


def _times(count: int, window: str) -> str:
    noun = {"daily": "day", "weekly": "week", "monthly": "month"}[window]
    return (
        f"on {count} {noun}{'s' if count != 1 else ''}"
        if noun == "day"
        else f"in {count} {noun}{'s' if count != 1 else ''}"
    )


def _leak_table(publication: Publication, leaks: list[Row]) -> Table:
    audited = _audited(publication)
    unread = _not_known_in_force(audited) if audited else ""
    if not audited:
        empty = "No cap is audited: a gateway's log and caps in guardrails.yaml are needed."
    elif unread:
        empty = f"Nothing is known to have leaked in {DAYS} days."
    else:
        empty = f"Nothing leaked in {DAYS} days: every cap was in force, and nothing passed after one was reached."
    dearest = "" if len(leaks) <= MOST else f"The {MOST} dearest of {len(leaks):,}. "
    return Table(
        "leaks",
        "Leaks, the dearest first",
        "cap_audit_by_entity_day",
        (
            Column("who", "Who"),
            Column("what", "What happened"),
            Column("amount", "Cost", "money"),
            Column("remedy", "What to do"),
            Column("window", "Window"),
            Column("adapter", "Gateway"),
            Column("last_date", "Last", "date"),
        ),
        leaks[:MOST],
        empty,
        f"{dearest}{unread}{'.' if unread else ''}".strip(),
        verdict="verdict",
    )


def _breakers(publication: Publication, names: Names) -> list[Row]:
    tables = "dim_products guardrail_decisions gross_margin_by_product_day"
    rows = publication.rows(tables, BREAKERS, [publication.provenance.as_of])
    for row in rows:
        row["product"] = names.product(row["product_id"])
        state = row["to_state"]
        row["state"] = in_words(state, "to_state") if state else f"{in_words('closed')}, never tripped"
        if state is None and row["margin_floor_ratio"] is None:
            row["state"] = "no floor to hold"
        row["why"] = reason_in_words(row["reason"])
        row["verdict"] = BREAKER_VERDICTS.get(state, "watch") if state else "good"
        if row["gross_margin_ratio"] is None or row["margin_floor_ratio"] is None:
            row["verdict"] = "unknown" if row["verdict"] == "good" else row["verdict"]
    return rows


def _breaker_table(rows: list[Row]) -> Table:
    return Table(
        "breakers",
        "Breakers and margins",
        "guardrail_decisions",
        (
            Column("product", "Product"),
            Column("state", "State"),
            Column("decided_at", "Since", "moment"),
            Column("gross_margin_ratio", "Margin", "ratio"),
            Column("margin_date", "Of", "date"),
            Column("margin_floor_ratio", "Floor", "ratio"),
            Column("why", "Why"),
        ),
        rows,
        "No product is declared, so no margin breaker watches anything. Give products a margin_floor_ratio in products.yaml.",
        "The margin is that of the latest day whose revenue is known. A breaker acts when it stays below the floor.",
        filters={"product": "product_id"},
        verdict="verdict",
    )


def _expected(publication: Publication, names: Names) -> tuple[Block, ...]:
    rows = publication.rows("guardrail_product_days", EXPECTED)
    for row in rows:
        row["product"] = names.product(row["product_id"])
    if not rows:
        return ()
    return (
        Table(
            "product_days",
            "What the daily limits are reckoned from, in US dollars",
            "guardrail_product_days",
            (
                Column("margin_date", "Day", "date"),
                Column("product", "Product"),
                Column("revenue_usd", "Revenue, USD", "quantity"),
                Column("other_cogs_usd", "Other cost of goods sold, USD", "quantity"),
                Column("ai_cogs_usd", "AI cost of goods sold, USD", "quantity"),
            ),
            rows,
            "",
            filters={"product": "product_id"},
            is_folded=True,
        ),
    )


def _caps(publication: Publication, names: Names) -> Table:
    as_of = publication.provenance.as_of
    rows = publication.rows("guardrail_caps cap_audit_by_entity_day", CAPS, [as_of, as_of, as_of])
    for row in rows:
        row["who"] = _subject(row, names)
        row["cap"] = f"{in_words(row['mode'])}, {in_words(row['window'])}"
        row["standing"] = in_words(row["status"]) if row["status"] else "no use yet"
        if _is_unread(row):
            row["standing"] += "; not read back"
        row["verdict"] = _cap_verdict(row)
    return Table(
        "caps",
        "Every cap with what is used of it",
        "guardrail_caps",
        (
            Column("who", "Who"),
            Column("cap", "Cap"),
            Column("amount", "Amount", "money"),
            Column("cap_in_force", "In force", "money"),
            Column("cost", "Used", "money"),
            Column("cap_used_ratio", "Part", "ratio"),
            Column("standing", "Standing"),
            Column("resets_at", "Resets", "moment"),
            Column("adapter", "Gateway"),
        ),
        with_others(rows, MOST, "who", ()),
        "No cap is declared. tokenomics init writes a commented guardrails.yaml; caps of initiatives stand in initiatives.yaml.",
        "Of the window that the as-of day is in. In force is what the gateway's own limits let through, as read back.",
        verdict="verdict",
    )


def _subject(row: Row, names: Names) -> str:
    if row["subject_id"] is None:
        return f"any other {row['subject']}"
    if row["subject"] == "initiative":
        return names.initiative(row["subject_id"]) or row["subject_id"]
    return names.entity(f"{row['subject']}:{row['subject_id']}")


def _cap_verdict(row: Row) -> str:
    if row["status"] == "overshot":
        return "bad"
    if row["status"] in ("not_in_force", "unknown") or (row["cap_used_ratio"] or 0) >= 0.8:
        return "watch"
    if row["status"] is None:
        return "none"
    return "unknown" if _is_unread(row) else "good"


def _is_unread(row: Row) -> bool:
    """Whether nothing shows that the gateway had the cap."""
    return row["status"] is not None and not row["is_read_back"] and row["refused_at"] is None


def _overrides(publication: Publication, names: Names) -> Table:
    rows = publication.rows("guardrail_cap_overrides", OVERRIDES)
    for row in rows:
        row["who"] = names.key(row["subject_id"])
        row["window"] = in_words(row["window"])
    return Table(
        "overrides",
        "Overrides that stand",
        "guardrail_cap_overrides",
        (
            Column("who", "Who"),
            Column("cap_id", "Cap"),
            Column("window", "Window"),
            Column("amount", "Instead", "money"),
            Column("starts_at", "From", "moment"),
            Column("expires_at", "Until", "moment"),
            Column("approver", "Approved by"),
            Column("reason", "Why"),
        ),
        rows,
        "No cap is overridden.",
    )


def _incidents(publication: Publication, names: Names) -> list[Row]:
    rows = publication.rows("incidents", INCIDENTS)
    for row in rows:
        row["who"] = names.entity(row["entity"])
        row["what"] = in_words(row["kind"])
        row["runway"] = (
            f"{row['runway_days_lost']:,.2f} days"
            if row["runway_days_lost"] is not None
            else in_words(row["runway_days_lost_null_reason"])
        )
        row["state"] = "over" if row["ended_at"] else "goes on"
        row["verdict"] = "none" if row["ended_at"] else "bad"
    return rows


def _incident_table(rows: list[Row]) -> Table:
    return Table(
        "incidents",
        "Runaway loops and slow drips",
        "incidents",
        (
            Column("started_at", "Began", "moment"),
            Column("ended_at", "Ended", "moment"),
            Column("state", "State"),
            Column("who", "Who"),
            Column("actor_id", "Person"),
            Column("what", "What"),
            Column("incident_cost", "Cost beyond the usual", "money", True),
            Column("cost_per_hour", "An hour more", "money"),
            Column("runway", "Runway lost"),
        ),
        with_others(rows, MOST, "who", ("incident_cost",), ("department_id",)),
        "No runaway loop and no slow drip was found in the gateway's log.",
        filters={"department": "department_id"},
        verdict="verdict",
    )


def _receipts(publication: Publication, names: Names) -> Table:
    rows = publication.rows("enforcement_receipts", RECEIPTS)
    for row in rows:
        row["who"] = names.entity(row["entity"])
        row["action"] = in_words(row["action"])
        row["change"] = _change(row["before"], row["after"])
        row["read_back"] = "yes" if row["verified_at"] else "not yet" if row["applied_at"] else "nothing was written"
        row["outcome_said"] = in_words(row["outcome"], "outcome")
        row["policy_said"] = in_words(row["policy"], "policy")
        row["verdict"] = {"verified": "good", "refused": "bad", "drifted": "bad"}.get(row["outcome"], "watch")
    return Table(
        "receipts",
        "Receipts",
        "enforcement_receipts",
        (
            Column("planned_at", "When", "moment"),
            Column("adapter", "Gateway"),
            Column("who", "To whom"),
            Column("action", "Done"),
            Column("change", "Written"),
            Column("outcome_said", "Outcome"),
            Column("read_back", "Read back"),
            Column("verified_at", "Read back at", "moment"),
            Column("policy_said", "Wanted by"),
            Column("reason", "Why"),
        ),
        rows,
        "Nothing was written to a gateway. tokenomics enforce shows the plan; tokenomics enforce --apply writes it.",
        "The last 200 at most." if len(rows) == 200 else "",
        verdict="verdict",
    )


def _change(before: str, after: str) -> str:
    """What was set, field by field, from what to what."""
    try:
        old, new = json.loads(before), json.loads(after)
    except ValueError:
        return f"{before} to {after}"
    if not isinstance(old, dict) or not isinstance(new, dict):
        return f"{before} to {after}"
    return "; ".join(f"{in_words(name)}: {_value(old.get(name))} to {_value(value)}" for name, value in new.items())


def _value(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _decisions(publication: Publication, names: Names) -> Table:
    rows = publication.rows("guardrail_decisions", DECISIONS)
    for row in rows:
        row["who"] = names.entity(row["entity"])
        row["policy"] = in_words(row["policy"], "policy")
        row["from_state"], row["to_state"] = (
            in_words(row["from_state"], "from_state"),
            in_words(row["to_state"], "to_state"),
        )
    return Table(
        "decisions",
        "What was decided, the latest first",
        "guardrail_decisions",
        (
            Column("decided_at", "When", "moment"),
            Column("policy", "By"),
            Column("who", "About"),
            Column("from_state", "From"),
            Column("to_state", "To"),
            Column("reason", "Why"),
        ),
        rows,
        "No guardrail changed its state.",
        is_folded=True,
    )
