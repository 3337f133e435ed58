"""People and keys: what each key, team and developer spent, and against which cap."""

from dashboard.charts import Drawer
from dashboard.figures import Column, Page, Section, Table
from dashboard.publication import Publication

KEYS = """
select strftime(usage.usage_date, '%Y-%m') as period, usage.provider, usage.source,
    coalesce(keys.name, usage.api_key_id, 'no key') as api_key, usage.team_id, usage.department_id,
    sum(usage.list_cost) as list_cost, sum(usage.quantity) filter (where usage.unit = 'tokens') as tokens,
    sum(usage.requests) as requests
from fct_usage as usage
left join (
    select provider, api_key_id, max(name) as name from dim_api_keys group by all
) as keys on usage.api_key_id = keys.api_key_id and usage.provider = keys.provider
where usage.is_counted and usage.usage_date <= cast(? as date)
group by all
order by period desc, list_cost desc nulls last
"""

DEVELOPERS = """
select strftime(spend.spend_date, '%Y-%m') as period, spend.actor_id, people.department_id,
    sum(spend.allocated_cost) as allocated_cost, sum(spend.requests) as requests,
    max(spend.cap_used_ratio) as highest_cap_used, max(spend.daily_cap) as daily_cap,
    count(*) filter (where spend.cap_used_ratio > 1) as days_over
from spend_by_developer_day as spend
left join (select * from dim_people where is_current) as people on spend.actor_id = people.actor_id
where spend.spend_date <= cast(? as date)
group by all
order by period desc, allocated_cost desc
"""


def people(publication: Publication, drawer: Drawer) -> Page:
    as_of = publication.provenance.as_of
    developers = publication.rows("spend_by_developer_day dim_people", DEVELOPERS, [as_of])
    keys = publication.rows("fct_usage dim_api_keys", KEYS, [as_of])
    for row in developers:
        row["verdict"] = "bad" if row["days_over"] else "none"
    return Page(
        "people",
        "People and keys",
        "Who uses what, through which key, and how close to the cap.",
        (
            Section(
                "Developers",
                (
                    Table(
                        "developers",
                        "Cost by developer and month",
                        "spend_by_developer_day",
                        (
                            Column("period", "Month"),
                            Column("actor_id", "Developer"),
                            Column("department_id", "Department"),
                            Column("allocated_cost", "Cost", "money", True),
                            Column("requests", "Requests", "count", True),
                            Column("daily_cap", "Cap a day", "money"),
                            Column("highest_cap_used", "Most of it used", "ratio"),
                            Column("days_over", "Days over", "count", True),
                        ),
                        developers,
                        "No usage names a person.",
                        filters={"period": "period", "department": "department_id"},
                        verdict="verdict",
                    ),
                ),
            ),
            Section(
                "Keys",
                (
                    Table(
                        "keys",
                        "Usage by key and month, at list price",
                        "fct_usage",
                        (
                            Column("period", "Month"),
                            Column("provider", "Provider"),
                            Column("source", "Seen by"),
                            Column("api_key", "Key"),
                            Column("team_id", "Team"),
                            Column("department_id", "Department"),
                            Column("list_cost", "List cost", "money", True),
                            Column("tokens", "Tokens", "count", True),
                            Column("requests", "Requests", "count", True),
                        ),
                        keys,
                        "No usage was read.",
                        filters={"period": "period", "department": "department_id"},
                    ),
                ),
            ),
        ),
    )
