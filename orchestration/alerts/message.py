"""What an alert says, apart from how it travels."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from orchestration.files import counted, utc_text
from orchestration.glossary import in_words
from orchestration.summary.standing_budgets import Standing

Severity = Literal["info", "warning", "critical"]
Event = Literal["told", "escalated", "resolved", "digest", "test"]


@dataclass(frozen=True)
class Alert:
    """One thing to tell. ``key`` identifies the fact: the same key is told once. ``details`` holds plain JSON values,
    no secret. ``amount``: what is at stake, in ``currency``; None where it is not known or there is none.

    ``condition`` names a state that lasts, such as a cap that stays reached: the alert is open until the condition holds
    no longer, and then it is told as resolved. Another key of the same condition is news of it. None: a fact that is told
    and over. ``event`` says what this message tells of the alert: that it came up, that it goes on unheard, that it is over.
    """

    key: str
    kind: str
    severity: Severity
    title: str
    entity: str
    owner: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    condition: str | None = None
    department: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    event: Event = "told"

    def plain(self) -> dict[str, Any]:
        """The alert as plain JSON values."""
        return {**vars(self), "amount": None if self.amount is None else f"{self.amount:f}"}

    def body(self, sent_at: datetime) -> dict[str, Any]:
        """The alert as plain JSON values, with the moment it is sent in UTC."""
        return {**self.plain(), "sent_at": utc_text(sent_at)}


def read_plain(values: dict[str, Any]) -> Alert:
    """The alert that :meth:`Alert.plain` gave."""
    amount = values["amount"]
    return Alert(**{**values, "amount": None if amount is None else Decimal(amount)})


def graduation_ready(
    life: str, initiative_id: str, owner: str | None, readiness: dict[str, Any], name: str | None = None
) -> Alert:
    """An initiative, ``name`` to people, passed gates 1 to 4; told once in its ``life``."""
    return Alert(
        key=f"graduation_ready:{life}",
        kind="graduation_ready",
        severity="info",
        title=f"{name or initiative_id} is ready to graduate: every required gate passes, and finance may approve",
        entity=initiative_id,
        owner=owner,
        details=readiness,
    )


def core_demotion(
    initiative_id: str, owner: str | None, above_since: str, details: dict[str, Any], name: str | None = None
) -> Alert:
    """The unit cost of a core initiative stays above what was verified; told once for each unbroken run of days."""
    unit_cost, limit = (f"{Decimal(details[what]):,.6f}" for what in ("unit_cost", "limit_unit_cost"))
    return Alert(
        key=f"core_demotion:{initiative_id}:{above_since}",
        kind="core_demotion",
        severity="warning",
        title=(
            f"{name or initiative_id} should return to experimentation: a unit costs {unit_cost}, above the limit of "
            f"{limit} since {above_since}; lower its cost, or return it with tokenomics budget return"
        ),
        entity=initiative_id,
        owner=owner,
        details=details,
    )


def unpriced_usage(
    provider: str,
    model: str | None,
    quantity: Decimal | int,
    first: date,
    last: date,
    unit: str,
    without_rate: str | None,
    *,
    remedy: str,
) -> Alert:
    """A model is used and has no price, or one in the currency ``without_rate``; told once per provider and model. It names no
    person, key or project.
    """
    lack = f"no exchange rate from {without_rate}" if without_rate else "no price"
    entity = f"{provider} {model or 'without model'}"
    return Alert(
        key=f"unpriced_usage:{provider}:{model or ''}",
        kind="unpriced_usage",
        severity="warning",
        title=(
            f"{in_words(provider, 'provider')} {model or 'without model'} has {lack}: {Decimal(quantity):,.0f} {unit} from "
            f"{first} to {last}; {remedy}"
        ),
        entity=entity,
        details={
            "provider": provider,
            "model_id": model,
            "quantity": f"{Decimal(quantity):f}",
            "unit": unit,
            "first_date": first.isoformat(),
            "last_date": last.isoformat(),
            "remedy": remedy,
        },
    )


def rejected_rows(
    source: str,
    file: str,
    currency: str | None,
    rows: int,
    amount: Decimal | None,
    rows_without_amount: int,
    first_line: int | None,
    first_reason: str,
    *,
    remedy: str,
) -> Alert:
    """Rows of a file were refused; told once per file, currency, number of rows and amount."""
    worth = "an amount not known" if amount is None else f"{amount:,.2f} {currency or 'of no currency'}"
    return Alert(
        key=f"rejected_rows:{source}:{file}:{currency or ''}:{rows}:{'' if amount is None else f'{amount:f}'}",
        kind="rejected_rows",
        severity="warning",
        title=f"{file}: {counted(rows, 'row')} refused, worth {worth}; first line {first_line}: {first_reason}; {remedy}",
        entity=file,
        amount=amount,
        currency=currency,
        details={
            "source": source,
            "file": file,
            "currency": currency,
            "rows": rows,
            "amount": None if amount is None else f"{amount:f}",
            "rows_without_amount": rows_without_amount,
            "first_line": first_line,
            "first_reason": first_reason,
            "remedy": remedy,
        },
    )


_SEVERITY: dict[str, Severity] = {
    "exhausted": "critical",
    "exceeded": "warning",
    "overdrawn": "warning",
    "projected_exhaustion": "warning",
    "spent_80": "warning",
}


def budget_crossing(standing: Standing) -> Alert:
    """A budget reached a threshold, is exceeded, will run out or expired, or a grant took more than its pool held; told
    once for as long as it is the same fact.
    """
    return Alert(
        key=standing.crossing.key,
        kind=standing.kind,
        severity=_SEVERITY.get(standing.crossing.kind, "info"),
        title=standing.crossing.text,
        entity=standing.entity,
        owner=standing.owner,
        details=standing.details,
    )


def escalated(alert: Alert, minutes: int) -> Alert:
    """A critical alert that has stayed open for so long that the next destination hears of it."""
    return replace(alert, event="escalated", title=f"still open after {counted(minutes, 'minute')}: {alert.title}")


def resolved(alert: Alert, opened_at: datetime) -> Alert:
    """What was open since ``opened_at`` is over."""
    since = utc_text(opened_at)[:16].replace("T", " ")
    title = f"resolved, it was open since {since} UTC: {alert.title}"
    return replace(alert, event="resolved", severity="info", title=title)


def digest(counts: dict[str, int], amounts: dict[str, Decimal], until: datetime, owner: str | None) -> Alert:
    """One line for what was held back at a destination: how many of each kind, and what they were about in money. ``owner``:
    whose messages they were, where they were one person's.
    """
    kinds = ", ".join(f"{number:,} x {in_words(kind)}" for kind, number in sorted(counts.items()))
    worth = ", ".join(f"{amount:,.2f} {currency}" for currency, amount in sorted(amounts.items()))
    more = counted(sum(counts.values()), "more alert")
    return Alert(
        key=f"digest:{utc_text(until)}",
        kind="digest",
        severity="warning",
        title=f"{more} held back: {kinds}{f'; together {worth}' if worth else ''}; tokenomics alerts and HOME/alerts have each",
        entity="alerts",
        owner=owner,
        event="digest",
        details={"counts": counts, "amounts": {currency: f"{amount:f}" for currency, amount in amounts.items()}},
    )
