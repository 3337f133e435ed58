"""Send alerts: each message once over each destination that owes it, conditions from their beginning to their end, and no
more at a time than a person can read.

What is to go out is written to the memory before it is sent, and that it went out after it did: a kill in between repeats
one message, and never loses one. A destination that fails does not hold up the others; what it owes goes out at the next
occasion. Whatever is not sent now because a tick or an hour is full stands in the file already. Two that deliver at the same
moment take turns, so that neither repeats or forgets what the other told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from orchestration.alerts.memory import HeldBack, Memory, Owed, Standing, read_memory
from orchestration.alerts.message import Alert, digest, escalated, resolved
from orchestration.alerts.routing import Place, Routing, everywhere
from orchestration.alerts.transports import DeliveryFailed, Transport
from orchestration.files import utc_text
from orchestration.lock import in_turn
from orchestration.policy.alert_rounds import RANKS, Escalation, Held, Step, advance

WINDOW = timedelta(hours=1)
HELD_BACK = "held back"


@dataclass(frozen=True)
class Delivery:
    """``sent``: keys that went out over at least one destination now. ``faults``: what did not arrive, in words.
    ``waiting``: how many messages some destination still owes.
    """

    sent: tuple[str, ...]
    faults: tuple[str, ...]
    waiting: int = 0


def deliver(
    alerts: Sequence[Alert],
    folder: Path,
    over: Sequence[Transport] | Routing,
    *,
    judged: Sequence[str] = (),
    now: datetime | None = None,
) -> Delivery:
    """Send what is new in ``alerts`` and whatever is still owed; ``folder`` keeps the memory.

    An alert with a condition stays open until a later call names a beginning of that condition, up to a colon, in
    ``judged`` and does not bring it any more. A watcher whose data is missing or stale therefore names nothing.
    """
    moment = now or datetime.now(UTC)
    routing = over if isinstance(over, Routing) else everywhere(over)
    with in_turn(folder / "sent.lock"):
        return _Round(read_memory(folder), routing, moment).run(alerts, judged)


class _Round:
    """One call of :func:`deliver`."""

    def __init__(self, memory: Memory, routing: Routing, now: datetime) -> None:
        self.memory, self.routing, self.now = memory, routing, now
        self.sent: dict[str, None] = {}
        self.faults: list[str] = list(routing.faults)
        self.left = routing.settings.limits.per_tick
        self.missing: set[str] = set()

    def run(self, alerts: Sequence[Alert], judged: Sequence[str]) -> Delivery:
        changed = self._note_facts([one for one in alerts if one.condition is None])
        changed |= self._note_conditions([one for one in alerts if one.condition is not None], judged)
        self._forget_old_moments()
        if changed:
            self.memory.write()
        self._send_digests()
        self._send_owed()
        return Delivery(tuple(self.sent), tuple(self.faults), len(self.memory.owed))

    # ------------------------------------------------------------------------------------------ what is to be told

    def _note_facts(self, alerts: Sequence[Alert]) -> bool:
        news = False
        for alert in alerts:
            known = self.memory.told.get(alert.key)
            waits = () if known is None else tuple(place for place, when in known.items() if when is None)
            hears = self.routing.hears(alert) if known is None else waits
            if hears and alert.key not in self.memory.owed:
                self._owe(alert.key, Owed(alert), hears)
                news = True
        return news

    def _note_conditions(self, alerts: Sequence[Alert], judged: Sequence[str]) -> bool:
        memory = self.memory
        said = {(str(one.condition), one.key, str(one.severity)): one for one in alerts}
        held = [Held(str(one.condition), one.key, one.severity) for one in alerts]
        last = {condition: one.alert for condition, one in memory.open.items()}
        latest = last | {str(one.condition): one for one in alerts}
        before = {condition: one.at for condition, one in memory.open.items()}
        stand, steps = advance(before, held, judged, lambda one: self._escalation(latest[one]), self.now)
        closed = {condition: one for condition, one in memory.open.items() if condition not in stand}
        for condition, at in stand.items():
            alert = said.get((condition, at.key, at.severity)) or last[condition]
            known = memory.open.get(condition)
            memory.open[condition] = Standing(at, alert, known.messages if known else [])
        for condition in closed:
            del memory.open[condition]
        for step in steps:
            self._note_step(step, closed.get(step.of.condition) or memory.open[step.of.condition])
        return stand != before or last != {condition: one.alert for condition, one in memory.open.items()}

    def _escalation(self, alert: Alert) -> Escalation:
        return self.routing.escalation(alert)

    def _note_step(self, step: Step, of: Standing) -> None:
        if step.event == "resolved":
            self._owe_resolved(step, of)
            return
        alert, hears = of.alert, self.routing.hears(of.alert)
        if step.event == "escalated":
            minutes = int((self.now - step.of.opened_at).total_seconds() // 60)
            alert, hears = escalated(alert, minutes), self.routing.next_heard(alert, step.of.level)
        of.messages.append(step.name)
        self._owe(step.name, Owed(alert, episode=step.of.episode), hears)

    def _owe_resolved(self, step: Step, of: Standing) -> None:
        """To those who heard of it; what others were still to hear is settled by its end."""
        heard = dict.fromkeys(self.routing.always())
        for name in of.messages:
            told = self.memory.told.get(name, {})
            heard |= {place: None for place, when in told.items() if when and not when.startswith(HELD_BACK)}
            if name in self.memory.owed:
                self.memory.told[name] = {
                    place: when for place, when in told.items() if when is not None or place in self.routing.always()
                }
                self._settle(name)
        owed = Owed(resolved(of.alert, step.of.opened_at), closes=[*of.messages], episode=step.of.episode)
        self._owe(step.name, owed, tuple(heard))

    def _owe(self, name: str, owed: Owed, hears: Sequence[str]) -> None:
        self.memory.told[name] = {**dict.fromkeys(hears), **self._went_out(name)}
        self.memory.owed[name] = owed
        self._settle(name)

    def _went_out(self, name: str) -> dict[str, str | None]:
        return {place: when for place, when in self.memory.told.get(name, {}).items() if when is not None}

    # ------------------------------------------------------------------------------------------------ what goes out

    def _send_digests(self) -> None:
        for place in self.routing.places.values():
            for window in [one for one in self.memory.held_back if one.split("|")[0] == place.name]:
                if self._is_full(place, window):
                    continue
                held = self.memory.held_back[window]
                person = window.split("|")[1] or None
                line = digest(held.counts, held.amounts, self.now, person)
                if self._hand_over(place, line, window):
                    del self.memory.held_back[window]
                    self.memory.write()

    def _send_owed(self) -> None:
        """First what takes everything, in the order it came; then, the gravest first, what a person reads."""
        in_order = list(self.memory.owed.items())
        for name, owed in in_order:
            self._reroute(name, owed)
        self._send_each(in_order, is_paced=False)
        self._send_each(sorted(in_order, key=lambda item: -RANKS[item[1].alert.severity]), is_paced=True)

    def _send_each(self, messages: Sequence[tuple[str, Owed]], *, is_paced: bool) -> None:
        for name, owed in messages:
            if name not in self.memory.owed:
                continue
            left = self.left
            for place_name, when in list(self.memory.told[name].items()):
                place = self.routing.places.get(place_name)
                if when is None and place is not None and (place.per_hour is not None) == is_paced:
                    self._send(name, owed.alert, place, left)
            self._settle(name)

    def _reroute(self, name: str, owed: Owed) -> None:
        """What reached nobody goes wherever it would go today: its destination may be gone, or only now set up. What
        reached somebody is no longer owed to a destination that is gone.
        """
        told = self.memory.told[name]
        hears = self.routing.hears(owed.alert)
        if owed.alert.event == "told" and hears and not any(told.values()):
            self.memory.told[name] = dict.fromkeys(hears)
        elif any(told.values()) and not self.routing.faults:
            self.memory.told[name] = {
                place: when for place, when in told.items() if when is not None or place in self.routing.places
            }

    def _send(self, name: str, alert: Alert, place: Place, left: int) -> None:
        """``left``: how many more alerts this tick may bring; each counts once, over however many destinations."""
        window = place.window(alert)
        when = utc_text(self.now)
        if self._is_full(place, window) and not (place.keeps_state and alert.event == "resolved"):
            self._hold_back(window, alert)
            when = f"{HELD_BACK} {when}"
        elif place.per_hour is not None and left <= 0:
            return
        elif self._hand_over(place, alert, window):
            self.sent.setdefault(alert.key)
            self.left = left - 1 if place.per_hour is not None else self.left
        else:
            return
        self.memory.told[name][place.name] = when
        self._settle(name)
        self.memory.write()

    def _hand_over(self, place: Place, alert: Alert, window: str) -> bool:
        if place.transport is None:
            if place.name not in self.missing:
                self.faults.append(f"{place.name}: {place.missing}")
                self.missing.add(place.name)
            return False
        try:
            place.transport.send(alert)
        except DeliveryFailed as error:
            self.faults.append(f"{alert.key}: {error}")
            return False
        if place.per_hour is not None:
            self.memory.sent_at.setdefault(window, []).append(self.now)
        return True

    def _is_full(self, place: Place, window: str) -> bool:
        return place.per_hour is not None and len(self.memory.sent_at.get(window, [])) >= place.per_hour

    def _hold_back(self, window: str, alert: Alert) -> None:
        held = self.memory.held_back.setdefault(window, HeldBack())
        kind = alert.kind if alert.event == "told" else f"{alert.kind} {alert.event}"
        held.counts[kind] = held.counts.get(kind, 0) + 1
        if alert.event == "told" and alert.amount is not None and alert.currency is not None:
            held.amounts[alert.currency] = held.amounts.get(alert.currency, Decimal(0)) + alert.amount

    def _settle(self, name: str) -> None:
        """Drop what nobody owes any more, and of a resolved condition the whole memory."""
        owed = self.memory.owed.get(name)
        if owed is None or None in self.memory.told[name].values():
            return
        del self.memory.owed[name]
        if owed.alert.event == "resolved":
            for one in (*owed.closes, name):
                self.memory.told.pop(one, None)
                self.memory.owed.pop(one, None)

    def _forget_old_moments(self) -> None:
        recent = {
            window: [moment for moment in moments if abs(self.now - moment) < WINDOW]
            for window, moments in self.memory.sent_at.items()
        }
        self.memory.sent_at = {window: moments for window, moments in recent.items() if moments}
