"""People and keys: who uses what, through which key by its name, in which team, and who works with Claude Code."""

from decimal import Decimal

from dashboard.charts import Drawer
from dashboard.figures import Column, Figure, Page, Section, Table, shown
from dashboard.names import read_names
from dashboard.publication import Publication, Row
from dashboard.scale import MONTH, RECENT, largest, named_others, with_others

MOST = 50
NOT_NAMED = "people not named here"
"""Whose row it is where policy.people shows nobody: the people of a department together."""

DEVELOPERS = f"""
select
    days.fiscal_period as period, spend.actor_id, people.department_id, people.email,
    sum(spend.allocated_cost) as allocated_cost, sum(spend.requests) as requests,
    max(spend.cap_used_ratio) as highest_cap_used, max_by(spend.daily_cap, spend.spend_date) as daily_cap,
    count(*) filter (where spend.cap_used_ratio > 1) as days_over
from spend_by_developer_day as spend
inner join dim_dates as days on spend.spend_date = days.calendar_date
left join (select * from dim_people where is_current) as people on spend.actor_id = people.actor_id
where spend.spend_date <= cast(? as date) and days.fiscal_period in {RECENT}
group by all
order by period desc, allocated_cost desc, spend.actor_id
"""

KEYS = largest(
    f"""
select
    days.fiscal_period as period, usage.provider, usage.source, usage.api_key_id, usage.department_id,
    max_by(usage.team_id, usage.usage_date) as team_id, sum(usage.list_cost) as list_cost,
    sum(usage.quantity) filter (where usage.unit = 'tokens') as tokens, sum(usage.requests) as requests,
    max(usage.usage_date) as last_used
from fct_usage as usage
inner join dim_dates as days on usage.usage_date = days.calendar_date
where usage.is_counted and usage.usage_date <= cast(? as date) and days.fiscal_period in {RECENT}
group by all
""",
    MOST,
    "list_cost desc nulls last, api_key_id, provider, department_id",
    ("list_cost", "tokens", "requests"),
    ("department_id",),
)

TEAMS = largest(
    f"""
select
    days.fiscal_period as period, usage.team_id, usage.department_id, sum(usage.list_cost) as list_cost,
    sum(usage.quantity) filter (where usage.unit = 'tokens') as tokens, sum(usage.requests) as requests,
    count(distinct usage.api_key_id) as keys, count(distinct usage.actor_id) as people
from fct_usage as usage
inner join dim_dates as days on usage.usage_date = days.calendar_date
where usage.is_counted and usage.team_id is not null and usage.usage_date <= cast(? as date)
    and days.fiscal_period in {RECENT}
group by all
""",
    MOST,
    "list_cost desc nulls last, team_id, department_id",
    ("list_cost", "tokens", "requests"),
    ("department_id",),
)

CLAUDE_CODE = f"""
select
    days.fiscal_period as period, work.actor_id, work.department_id, work.estimate_currency,
    sum(work.sessions) as sessions, sum(work.lines_added) as lines_added, sum(work.lines_removed) as lines_removed,
    sum(work.commits) as commits, sum(work.pull_requests) as pull_requests, sum(work.tokens) as tokens,
    sum(work.estimated_cost) as estimated_cost
from claude_code_by_developer_day as work
inner join dim_dates as days on work.usage_date = days.calendar_date
where work.usage_date <= cast(? as date) and days.fiscal_period in {RECENT}
group by all
order by period desc, tokens desc nulls last, work.actor_id
"""

FILTERS = {"period": "period", "department": "department_id"}


def people(publication: Publication, drawer: Drawer) -> Page:
    as_of = publication.provenance.as_of
    names = read_names(publication)
    developers = publication.rows("spend_by_developer_day dim_people dim_dates", DEVELOPERS, [as_of, as_of])
    keys = publication.rows("fct_usage dim_dates", KEYS, [as_of, as_of])
    teams = publication.rows("fct_usage dim_dates", TEAMS, [as_of, as_of])
    claude_code = publication.rows("claude_code_by_developer_day dim_dates", CLAUDE_CODE, [as_of, as_of])
    for row in (*developers, *keys, *teams, *claude_code):
        row["department"] = names.department(row["department_id"])
    for row in (*developers, *claude_code):
        row["actor_id"] = row["actor_id"] or NOT_NAMED
    for row in developers:
        row["verdict"] = "bad" if row["days_over"] else "none"
    for row in keys:
        row["key"] = names.key(row["api_key_id"])
    named_others(keys, "key")
    named_others(teams, "team_id")
    return Page(
        "people",
        "People and keys",
        "Who uses what, through which key, and how close to the cap.",
        (
            Section("Developers", (*_figures(developers, publication.provenance.month), _developers(developers))),
            Section("Claude Code", (_claude_code(claude_code),)),
            Section("Keys", (_keys(keys),)),
            Section("Teams", (_teams(teams),)),
        ),
    )


def _figures(rows: list[Row], month: str) -> tuple[Figure, ...]:
    now = [row for row in rows if row["period"] == month]
    if not rows:
        return ()
    over = [row for row in now if row["days_over"]]
    dearest = now[0] if now else None
    is_read = any(row["daily_cap"] is not None for row in now)
    unknown = "what is used of the caps is not told" if is_read else "no cap was read back"
    is_capped = any(row["highest_cap_used"] is not None for row in now)
    return (
        Figure(
            f"Cost by people, {month} to date",
            sum((row["allocated_cost"] for row in now), Decimal(0)),
            "money",
            "Allocated cost of usage that names a person.",
            "spend_by_developer_day",
            says=f"most by {dearest['actor_id']}, {shown(dearest['allocated_cost'], 'money')}"
            if dearest and dearest["actor_id"] != NOT_NAMED
            else "",
        ),
        Figure(
            "Over their cap this month",
            len(over),
            "count",
            "People with a day whose cost was above the caps of the keys they used, as far as caps are known.",
            "spend_by_developer_day",
            verdict="bad" if over else "good" if is_capped else "unknown",
            says=", ".join(row["actor_id"] for row in over[:3])
            or ("every day was within the caps that are known" if is_capped else unknown),
        ),
    )


def _developers(rows: list[Row]) -> Table:
    return Table(
        "developers",
        "Cost by developer and month",
        "spend_by_developer_day",
        (
            MONTH,
            Column("actor_id", "Developer"),
            Column("email", "E-mail"),
            Column("department", "Department"),
            Column("allocated_cost", "Cost", "money", True),
            Column("requests", "Requests", "count", True),
            Column("daily_cap", "Cap a day", "money"),
            Column("highest_cap_used", "Most of it used", "ratio"),
            Column("days_over", "Days over", "count", True),
        ),
        with_others(
            rows, MOST, "actor_id", ("allocated_cost", "requests", "days_over"), ("department_id", "department")
        ),
        "No usage names a person. A gateway's log does where requests carry a user, and people.csv says whose they are.",
        filters=FILTERS,
        first=15,
        verdict="verdict",
    )


def _claude_code(rows: list[Row]) -> Table:
    columns = [
        MONTH,
        Column("actor_id", "Developer"),
        Column("department", "Department"),
        Column("sessions", "Sessions", "count", True),
        Column("lines_added", "Lines added", "count", True),
        Column("lines_removed", "Lines removed", "count", True),
        Column("commits", "Commits", "count", True),
        Column("pull_requests", "Pull requests", "count", True),
        Column("tokens", "Tokens", "count", True),
        Column("estimated_cost", "Estimate", "quantity"),
        Column("estimate_currency", "In"),
    ]
    sums = ("sessions", "lines_added", "lines_removed", "commits", "pull_requests", "tokens", "estimated_cost")
    return Table(
        "claude_code",
        "Work with Claude Code by developer and month",
        "claude_code_by_developer_day",
        tuple(columns),
        with_others(rows, MOST, "actor_id", sums, ("department_id", "department", "estimate_currency")),
        "Claude Code is not read. Switch on claude_code in sources.yaml to see sessions, commits and tokens by developer.",
        "The estimate is Anthropic's own; it overlaps the bill, and no total contains it.",
        filters=FILTERS,
    )


def _keys(rows: list[Row]) -> Table:
    return Table(
        "keys",
        "Usage by key and month, at list price",
        "fct_usage",
        (
            MONTH,
            Column("key", "Key"),
            Column("provider", "Provider"),
            Column("source", "Seen by"),
            Column("team_id", "Team"),
            Column("department", "Department"),
            Column("list_cost", "List cost", "money", True),
            Column("tokens", "Tokens", "count", True),
            Column("requests", "Requests", "count", True),
            Column("last_used", "Last used", "date"),
        ),
        rows,
        "No usage was read.",
        "A gateway's key has the latest alias that its log shows. What has no price has no list cost.",
        filters=FILTERS,
        first=15,
    )


def _teams(rows: list[Row]) -> Table:
    return Table(
        "teams",
        "Usage by team and month, at list price",
        "fct_usage",
        (
            MONTH,
            Column("team_id", "Team"),
            Column("department", "Department"),
            Column("list_cost", "List cost", "money", True),
            Column("tokens", "Tokens", "count", True),
            Column("requests", "Requests", "count", True),
            Column("keys", "Keys", "count"),
            Column("people", "People", "count"),
        ),
        rows,
        "No usage names a team. Teams are those of the gateway.",
        filters=FILTERS,
        first=15,
    )
