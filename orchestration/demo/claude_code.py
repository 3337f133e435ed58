"""What the simulated developers do in Claude Code, and how Anthropic's analytics answer for it.

October only, on working days, on a plan of seats: the estimate is no part of Anthropic's bill. Plain arithmetic, so that
the figures can be reckoned by hand.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from orchestration.demo.catalog import ANTHROPIC_ORGANIZATION, PER_MILLION, days, moment, plain, unit_price
from orchestration.demo.wire import rfc3339, seconds

FIRST_ACTIVE_DAY, LAST_ACTIVE_DAY = date(2026, 10, 1), date(2026, 10, 31)
MODEL = "claude-sonnet-5-5"
DEVELOPERS = ("imani@meadowlark.example", "tomasz@meadowlark.example", "yuki@meadowlark.example")


@dataclass(frozen=True)
class DeveloperDay:
    """One developer's day; tokens of one model, by class, and what they would cost at list price in US dollars."""

    day: date
    email: str
    sessions: int
    lines_added: int
    lines_removed: int
    commits: int
    pull_requests: int
    uncached: int
    output: int
    cache_read: int
    cache_write: int

    @property
    def estimated_cost(self) -> Decimal:
        classes = {
            "input_uncached": self.uncached,
            "output": self.output,
            "cache_read": self.cache_read,
            "cache_write_5m": self.cache_write,
        }
        prices = {name: unit_price("anthropic", MODEL, self.day, name) for name in classes}
        return sum((tokens * (prices[name] or 0) for name, tokens in classes.items()), Decimal(0)) * PER_MILLION


def developer_days() -> list[DeveloperDay]:
    """Every working day of October, by day and developer."""
    found = []
    for day in days(FIRST_ACTIVE_DAY, LAST_ACTIVE_DAY):
        for number, email in enumerate(DEVELOPERS):
            sessions = 1 + (day.day + 2 * number) % 4
            if day.weekday() < 5:
                found.append(
                    DeveloperDay(
                        day=day,
                        email=email,
                        sessions=sessions,
                        lines_added=120 * sessions,
                        lines_removed=35 * sessions,
                        commits=sessions,
                        pull_requests=sessions // 3,
                        uncached=60_000 * sessions,
                        output=24_000 * sessions,
                        cache_read=900_000 * sessions,
                        cache_write=80_000 * sessions,
                    )
                )
    return found


def records(day: date) -> list[dict[str, Any]]:
    """The records of a day as the analytics API shows them."""
    return [_record(one) for one in developer_days() if one.day == day]


def _record(one: DeveloperDay) -> dict[str, Any]:
    return {
        "date": rfc3339(seconds(moment(one.day))),
        "organization_id": ANTHROPIC_ORGANIZATION,
        "actor": {"type": "user_actor", "email_address": one.email},
        "terminal_type": "vscode",
        "customer_type": "subscription",
        "subscription_type": "team",
        "core_metrics": {
            "num_sessions": one.sessions,
            "lines_of_code": {"added": one.lines_added, "removed": one.lines_removed},
            "commits_by_claude_code": one.commits,
            "pull_requests_by_claude_code": one.pull_requests,
        },
        "model_breakdown": [
            {
                "model": MODEL,
                "tokens": {
                    "input": one.uncached,
                    "output": one.output,
                    "cache_read": one.cache_read,
                    "cache_creation": one.cache_write,
                },
                "estimated_cost": {"amount": plain(one.estimated_cost * 100), "currency": "USD"},
            }
        ],
    }
