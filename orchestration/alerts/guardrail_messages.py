"""What is said of guardrails: caps, loops, breakers, what enforcement found or could not do, feeds that fell silent.

Every title is one sentence that names the amount and the remedy. A message with a ``condition`` stays open until whoever
watches it says that it no longer holds; conditions begin with the kind and the adapter, so that a watcher can name all of
its own by their beginning. Keys of a gateway are named by their hash.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orchestration.alerts.message import Alert, Severity
from orchestration.files import utc_text
from orchestration.glossary import in_words, reason_in_words

CARRY_OUT = "carry it out with tokenomics enforce --apply"
HASH_LENGTH = 32
"""A name of so many characters is no name that people gave."""
BREAKER_SEVERITY: dict[str, Severity] = {
    "closed": "info",
    "degraded": "warning",
    "throttled": "warning",
    "open": "critical",
    "cool_down": "warning",
    "half_open": "warning",
}
BREAKER_MEANS = {
    "closed": "requests pass as before",
    "degraded": "a cheaper model serves it",
    "throttled": "its requests are throttled",
    "open": "its requests are refused",
    "cool_down": "its requests are refused until the cool-down is over",
    "half_open": "a few of its requests are let through to try",
}


@dataclass(frozen=True)
class CappedWindow:
    """One window of a cap of one developer, key, team, initiative or product (``subject``), and its amount."""

    adapter: str
    subject: str
    entity_id: str
    cap_id: str
    window: str
    cap_amount: Decimal
    currency: str
    owner: str | None = None
    department: str | None = None

    @property
    def who(self) -> str:
        return called(f"{self.subject}:{self.entity_id}")

    @property
    def cap(self) -> str:
        return f"its {self.window} cap of {_money(self.cap_amount, self.currency)}"

    def alert(
        self,
        kind: str,
        severity: Severity,
        title: str,
        *,
        once_for: tuple[str, ...] = (),
        spent: Decimal | None = None,
        **details: Any,
    ) -> Alert:
        """A message of ``kind`` that stays open as long as it holds; ``once_for``: beside that, what it is told once for."""
        condition = ":".join((kind, self.adapter, self.subject, self.entity_id, self.cap_id, self.window))
        return Alert(
            key=":".join((condition, *once_for)),
            kind=kind,
            severity=severity,
            title=title,
            entity=f"{self.subject}:{self.entity_id}",
            owner=self.owner,
            department=self.department,
            condition=condition,
            amount=spent,
            currency=None if spent is None else self.currency,
            details={
                "adapter": self.adapter,
                "subject": self.subject,
                "entity_id": self.entity_id,
                "cap_id": self.cap_id,
                "window": self.window,
                "cap_amount": f"{self.cap_amount:f}",
                "spent_amount": None if spent is None else f"{spent:f}",
                "currency": self.currency,
                **details,
            },
        )


def cap_reached(
    capped: CappedWindow,
    *,
    window_starts_at: datetime,
    resets_at: datetime | None,
    spent_amount: Decimal,
    is_hard: bool,
    is_refused: bool,
    remedy: str = CARRY_OUT,
    evidence_id: str | None = None,
) -> Alert:
    """A spending limit of one window is used up; told once per window and whether it is refused, and resolved when it is reached
    no longer. ``is_hard``: requests should be refused; ``is_refused``: the gateway was seen to refuse them; ``remedy``: what to
    do where it was not.
    """
    until = f" until {_moment(resets_at)}" if resets_at else ""
    if is_refused:
        effect = f"further requests are refused{until}; to let them through, add an override to guardrails.yaml"
    elif is_hard:
        effect = f"the gateway was not seen to refuse further requests; {remedy}"
    else:
        effect = "nothing stops further requests; lower the use, or make the cap hard in guardrails.yaml"
    return capped.alert(
        "cap_reached",
        "warning" if is_refused else "critical",
        f"{capped.who} has spent {_money(spent_amount, capped.currency)} of {capped.cap}: {effect}",
        once_for=(utc_text(window_starts_at), "refused" if is_refused else "passing"),
        spent=spent_amount,
        window_starts_at=utc_text(window_starts_at),
        resets_at=utc_text(resets_at) if resets_at else None,
        is_hard=is_hard,
        is_refused=is_refused,
        evidence_id=evidence_id,
    )


def cap_warned(
    capped: CappedWindow,
    *,
    window_starts_at: datetime,
    resets_at: datetime | None,
    spent_amount: Decimal,
    is_hard: bool,
    is_held: bool | None,
    remedy: str = CARRY_OUT,
) -> Alert:
    """Four fifths of a spending limit are used up; told once per window and whether the gateway holds it, and resolved when the
    window is over. ``is_held``: the gateway was seen to refuse requests from there on, None where it was not looked at;
    ``remedy``: what to do where it does not.
    """
    if not is_hard:
        effect = "nothing stops requests there; lower the use, or add an override to guardrails.yaml"
    elif is_held:
        effect = "requests are refused from there on; lower the use, or add an override to guardrails.yaml"
    elif is_held is None:
        effect = "it was not seen whether the gateway refuses requests from there on; look with tokenomics enforce"
    else:
        effect = f"the gateway was not seen to hold it, so it refuses nothing there; {remedy}"
    until = f" until {_moment(resets_at)}" if resets_at else ""
    return capped.alert(
        "cap_warned",
        "info",
        f"{capped.who} has spent {_money(spent_amount, capped.currency)} of {capped.cap}{until}: {effect}",
        once_for=(utc_text(window_starts_at), *(("passing",) if is_hard and is_held is False else ())),
        spent=spent_amount,
        window_starts_at=utc_text(window_starts_at),
        resets_at=utc_text(resets_at) if resets_at else None,
        is_hard=is_hard,
        is_held=is_held,
    )


def cap_unknown(capped: CappedWindow, *, last_read_at: datetime | None, reason: str) -> Alert:
    """Nobody knows whether a cap is reached: what was spent is stale or missing. Resolved when it is known again."""
    since = f"since {_moment(last_read_at)}" if last_read_at else "so far"
    return capped.alert(
        "cap_unknown",
        "warning",
        f"what {capped.who} spends of {capped.cap} has not been known {since} ({reason}): what was set at "
        f"{in_words(capped.adapter)} stays in force; check that {in_words(capped.adapter)} answers and logs its spend",
        last_read_at=utc_text(last_read_at) if last_read_at else None,
        reason=reason,
    )


def loop_found(
    *,
    adapter: str,
    incident_id: str,
    entity: str,
    loop_kind: str,
    started_at: datetime,
    detected_at: datetime,
    cost_so_far: Decimal | None,
    cost_per_hour: Decimal | None,
    runway_days_lost: Decimal | None,
    currency: str,
    owner: str | None = None,
    department: str | None = None,
    evidence_id: str | None = None,
) -> Alert:
    """Calls that repeat themselves and lead nowhere: an incident, open until it is resolved. An amount that is not known
    is said to be so.

    ``runway_days_lost``: days by which what the loop has cost so far shortens the runway.
    """
    so_far = "an unknown amount" if cost_so_far is None else _money(cost_so_far, currency)
    rate = "an unknown amount" if cost_per_hour is None else _money(cost_per_hour, currency)
    runway = "" if runway_days_lost is None else f", {runway_days_lost:,.1f} days of runway lost"
    return Alert(
        key=f"loop_found:{incident_id}",
        kind="loop_found",
        severity="critical",
        title=(
            f"{called(entity)} has been calling in a loop ({in_words(loop_kind)}) since {_moment(started_at)}: "
            f"{so_far} so far{runway}, {rate} an hour if it goes on; stop the job, or block it at {in_words(adapter)}"
        ),
        entity=entity,
        owner=owner,
        department=department,
        condition=f"loop_found:{adapter}:{incident_id}",
        amount=cost_so_far,
        currency=currency,
        details={
            "adapter": adapter,
            "incident_id": incident_id,
            "loop_kind": loop_kind,
            "started_at": utc_text(started_at),
            "detected_at": utc_text(detected_at),
            "cost_so_far": None if cost_so_far is None else f"{cost_so_far:f}",
            "cost_per_hour": None if cost_per_hour is None else f"{cost_per_hour:f}",
            "runway_days_lost": None if runway_days_lost is None else f"{runway_days_lost:f}",
            "currency": currency,
            "evidence_id": evidence_id,
        },
    )


def breaker_changed(
    *,
    product_id: str,
    from_state: str,
    to_state: str,
    changed_at: datetime,
    reason: str,
    margin_ratio: Decimal | None,
    floor_ratio: Decimal | None,
    owner: str | None = None,
    department: str | None = None,
    evidence_id: str | None = None,
) -> Alert:
    """A margin breaker entered another state; each change is told. Open until it is closed again: a breaker that closed
    has no alert, its watcher judges ``breaker_changed:<product_id>`` and it is told as resolved.
    """
    against = ""
    if margin_ratio is not None and floor_ratio is not None:
        against = f" at a margin of {margin_ratio:.1%} against a floor of {floor_ratio:.1%}"
    remedy = "nothing is to be done" if to_state == "closed" else "raise the margin or lower its cost per unit"
    return Alert(
        key=f"breaker_changed:{product_id}:{to_state}:{utc_text(changed_at)}",
        kind="breaker_changed",
        severity=BREAKER_SEVERITY[to_state],
        title=(
            f"the margin breaker of {product_id} went from {in_words(from_state, 'from_state')!r} to "
            f"{in_words(to_state, 'to_state')!r}{against} ({reason_in_words(reason)}): "
            f"{BREAKER_MEANS[to_state]}; {remedy}"
        ),
        entity=product_id,
        owner=owner,
        department=department,
        condition=f"breaker_changed:{product_id}" if to_state != "closed" else None,
        details={
            "from_state": from_state,
            "to_state": to_state,
            "changed_at": utc_text(changed_at),
            "reason": reason,
            "margin_ratio": None if margin_ratio is None else f"{margin_ratio:f}",
            "floor_ratio": None if floor_ratio is None else f"{floor_ratio:f}",
            "evidence_id": evidence_id,
        },
    )


def enforcement_drift(
    *,
    adapter: str,
    entity: str,
    written: Mapping[str, Any],
    found: Mapping[str, Any],
    read_at: datetime,
    owner: str | None = None,
    department: str | None = None,
    policy: str | None = None,
) -> Alert:
    """Somebody else changed what was written to a gateway; it stays as it is. ``written`` and ``found``: field to value,
    both in plain JSON values, of the fields that differ. Told again when what is found differs again.
    """
    fields = ", ".join(
        f"{in_words(name)} is {found.get(name)}, {written[name]} was written" for name in sorted(written)
    )
    state = ";".join(f"{name}={found.get(name)}" for name in sorted(written))
    return Alert(
        key=f"enforcement_drift:{adapter}:{entity}:{state}",
        kind="enforcement_drift",
        severity="warning",
        title=(
            f"somebody changed {called(entity)} at {in_words(adapter)}: {fields}; it stays as it is, set it back there "
            "or set on_drift: reapply in guardrails.yaml"
        ),
        entity=entity,
        owner=owner,
        department=department,
        condition=f"enforcement_drift:{adapter}:{entity}",
        details={
            "adapter": adapter,
            "written": dict(written),
            "found": dict(found),
            "read_at": utc_text(read_at),
            "policy": policy,
        },
    )


def enforcement_failed(
    *,
    adapter: str,
    entity: str,
    action: str,
    reason: str,
    planned_at: datetime,
    remedy: str,
    owner: str | None = None,
    department: str | None = None,
    policy: str | None = None,
    amount: Decimal | None = None,
    currency: str | None = None,
) -> Alert:
    """What a policy wants could not be written or verified, so that it does not hold there. ``action`` in words, such as
    "set a daily limit of 50.00 USD"; ``amount``: the limit that is not in force. ``reason`` holds no secret.
    """
    condition = f"enforcement_failed:{adapter}:{entity}"
    return Alert(
        key=f"{condition}:{action}:{reason}",
        kind="enforcement_failed",
        severity="critical",
        title=f"{in_words(adapter)} did not {action} for {called(entity)}, so it does not hold there: {reason}; {remedy}",
        entity=entity,
        owner=owner,
        department=department,
        condition=condition,
        amount=amount,
        currency=currency,
        details={
            "adapter": adapter,
            "action": action,
            "reason": reason,
            "planned_at": utc_text(planned_at),
            "remedy": remedy,
            "policy": policy,
        },
    )


def enforcement_unread(*, adapter: str, entities: Sequence[str], reason: str, read_at: datetime) -> Alert:
    """A gateway did not show what stands at some entities: what is capped there is not known to be in force, and nothing of it
    is carried out. ``reason`` holds no secret.
    """
    condition = f"enforcement_failed:{adapter}:unread"
    more = f" and {len(entities) - 3:,} more" if len(entities) > 3 else ""
    return Alert(
        key=condition,
        kind="enforcement_failed",
        severity="critical",
        title=(
            f"{in_words(adapter)} did not show what stands at {', '.join(called(one) for one in entities[:3])}{more} ({reason}): "
            "caps and breakers there are not known to be in force, and no change of them is carried out; check that "
            f"{in_words(adapter)} answers and that its key may read keys and teams"
        ),
        entity=adapter,
        condition=condition,
        details={"adapter": adapter, "entities": list(entities), "reason": reason, "read_at": utc_text(read_at)},
    )


def feed_stale(
    *, source: str, last_seen_at: datetime | None, expected_within: timedelta, reason: str | None = None
) -> Alert:
    """A feed is silent for longer than ``expected_within``, or was never seen; what depends on it holds its state."""
    minutes = int(expected_within.total_seconds() // 60)
    silent = f"has told nothing new since {_moment(last_seen_at)}" if last_seen_at else "has told nothing so far"
    why = f" ({reason})" if reason else ""
    condition = f"feed_stale:{source}"
    return Alert(
        key=condition,
        kind="feed_stale",
        severity="warning",
        title=(
            f"{in_words(source, 'source')} {silent}{why}, expected every {minutes:,} minutes: caps, breakers and loops "
            f"hold their state; check that {in_words(source, 'source')} answers and that its key is valid"
        ),
        entity=source,
        condition=condition,
        details={
            "source": source,
            "last_seen_at": utc_text(last_seen_at) if last_seen_at else None,
            "expected_within_minutes": minutes,
            "reason": reason,
        },
    )


def called(entity: str) -> str:
    """An entity for people: its kind and its name; of a key's hash what tells keys apart."""
    kind, _, name = entity.rpartition(":")
    return f"{kind} {name if len(name) < HASH_LENGTH else f'{name[:8]}...'}".strip()


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,.2f} {currency}"


def _moment(moment: datetime) -> str:
    return f"{utc_text(moment)[:16].replace('T', ' ')} UTC"
