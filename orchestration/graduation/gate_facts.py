"""Gathers what each graduation gate rests on, for one initiative and one as-of day, from what was known on that day."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

from orchestration.graduation.audit_days import AuditDays
from orchestration.graduation.gates.audit import ModelAuditFacts
from orchestration.graduation.gates.guardrail import CapReading, GuardrailFacts
from orchestration.graduation.gates.readiness import StabilityFacts
from orchestration.graduation.gates.returns import ProductReturnFacts, ReplacementFacts
from orchestration.graduation.product_history import NO_HISTORY, product_histories
from orchestration.graduation.records import CapInForce, InitiativeTerms, Inputs
from orchestration.graduation.unit_days import UnitDays
from orchestration.policy.evidence import rounded
from orchestration.registry.policy import EffectivePolicy
from orchestration.run_rate.history import DayState
from orchestration.run_rate.series import DailySeries
from orchestration.statistics.run_rate import RUN_RATE_DAYS, SCALE_DIGITS, mean_daily_cost, money, per_month, scaled


@dataclass(frozen=True)
class GatePolicy:
    """The policy keys that the gates use, typed."""

    required_gates: tuple[int, ...]
    revenue_max_age_days: int
    audit_max_higher_tier_ratio: Decimal
    guardrail_max_age_hours: int
    guardrail_drill_max_age_days: int
    stability_max_variation: Decimal
    stability_growth_margin: Decimal
    version: str


class GateFacts:
    """Facts for the gates of every initiative; each method takes what is declared of it on the day that it judges."""

    def __init__(self, inputs: Inputs, policy: GatePolicy) -> None:
        self.inputs, self.policy = inputs, policy
        self.zone = ZoneInfo(inputs.time_zone)
        self.audits = {initiative: AuditDays(days) for initiative, days in inputs.tier_days.items()}
        self.products = product_histories(inputs)
        self.units: dict[tuple[str, str | None], UnitDays] = {}
        self.drills = {
            initiative: sorted(day for day, guarded in days.items() if guarded.refused_requests or guarded.drills)
            for initiative, days in inputs.guarded_days.items()
        }

    def product_return(
        self, terms: InitiativeTerms, series: DailySeries, state: DayState, ready: tuple[tuple[str, Decimal], ...]
    ) -> ProductReturnFacts:
        """``ready``: upper run-rates of the product's other initiatives that are already ready. A graduated one stands
        before them at its verified run-rate, in place of its own cost, until 28 core days exist.
        """
        last = state.window.last
        history = self.products.get(terms.product_id or "", NO_HISTORY)
        revenue_days = history.latest_known(state.as_of)
        known_until = series.day(last) if last is not None else state.as_of
        joined = self._newly_graduated(terms, known_until)
        return ProductReturnFacts(
            as_of=state.as_of,
            product_id=terms.product_id,
            target_ratio=terms.target_gross_margin_ratio,
            revenue=_monthly([day.revenue for day in revenue_days]),
            revenue_days=len(revenue_days),
            latest_revenue_date=revenue_days[-1].margin_date if revenue_days else None,
            other_cogs=_monthly([day.other_cogs for day in revenue_days]),
            product_ai_cogs=_monthly(history.ai_cogs_without([name for name, _ in joined], known_until)),
            own_upper_run_rate=state.run_rate.high,
            ready_upper_run_rates=(*joined, *ready),
            revenue_max_age_days=self.policy.revenue_max_age_days,
        )

    def replacement_return(self, terms: InitiativeTerms, series: DailySeries, state: DayState) -> ReplacementFacts:
        """Labour and legacy software that an internal workflow replaces, per month."""
        units = self._units_per_month(terms, series, state)
        gap = None
        if terms.labor_hours_per_unit is None or terms.labor_rate_id is None:
            gap = "no labour claimed"
        elif units is None:
            gap = f"no {terms.unit_of_work or 'unit of work'} reported"
        elif terms.hourly_rate is None:
            gap = f"no rate {terms.labor_rate_id} in force or convertible"
        return ReplacementFacts(
            as_of=state.as_of,
            upper_run_rate=state.run_rate.high,
            labor_hours_per_unit=terms.labor_hours_per_unit,
            units=units,
            hourly_rate=terms.hourly_rate,
            legacy_software=terms.legacy_software_per_month,
            labor_gap=gap,
        )

    def model_audit(self, terms: InitiativeTerms, series: DailySeries, state: DayState) -> ModelAuditFacts:
        """Cost by tier over the observation window."""
        window = state.window
        first = None if window.first is None else series.day(window.first)
        last = None if window.last is None else series.day(window.last)
        audit = self.audits.get(terms.initiative_id, AuditDays([]))
        return audit.facts(first, last, self.policy.audit_max_higher_tier_ratio)

    def guardrail(self, terms: InitiativeTerms, state: DayState) -> GuardrailFacts:
        """The declared cap, what the gateway's read-back says of the day, and the latest refused request."""
        drills = self.drills.get(terms.initiative_id, [])
        before = bisect_right(drills, state.as_of)
        entity = terms.guardrail_entity if terms.daily_cap is not None else None
        cap = self.inputs.caps.get(entity or "", {}).get(state.as_of)
        return GuardrailFacts(
            as_of=state.as_of,
            entity=entity,
            declared_daily_cap=terms.daily_cap,
            reading=None if cap is None else self._reading(cap),
            last_drill_date=drills[before - 1] if before else None,
            max_age_hours=self.policy.guardrail_max_age_hours,
            drill_max_age_days=self.policy.guardrail_drill_max_age_days,
        )

    def stability(self, series: DailySeries, state: DayState) -> StabilityFacts:
        """The stability verdict as facts for gate 4."""
        window, estimate = state.window, state.cost_estimate
        return StabilityFacts(
            status=state.verdict.status,
            reasons=state.verdict.reasons,
            first_day=None if window.first is None else series.day(window.first),
            last_day=None if window.last is None else series.day(window.last),
            window_days=window.days,
            variation=None if estimate is None else ratio(estimate.variation),
            growth_low=None if estimate is None else ratio(estimate.low),
            growth_high=None if estimate is None else ratio(estimate.high),
            max_variation=self.policy.stability_max_variation,
            growth_margin=self.policy.stability_growth_margin,
            run_rate=state.run_rate.monthly,
            cycle_days=1 if estimate is None else estimate.cycle_days,
        )

    def verified_unit_cost(self, initiative_id: str, series: DailySeries, state: DayState) -> Decimal | None:
        """Cost over units of those days of the observation window whose units are known; None without units."""
        window, terms = state.window, self.inputs.terms.get(initiative_id, {}).get(state.as_of)
        if window.first is None or window.last is None or terms is None:
            return None
        positions = {series.day(at): at for at in range(window.first, window.last + 1)}
        units = self._unit_days(terms).known(list(positions), state.as_of)
        done = sum(units.values(), Decimal(0))
        if done <= 0:
            return None
        cost = Decimal(sum(series.cost[positions[day]] for day in units)).scaleb(-SCALE_DIGITS)
        with localcontext() as context:
            context.prec = 50
            return money(cost / done)

    def _units_per_month(self, terms: InitiativeTerms, series: DailySeries, state: DayState) -> Decimal | None:
        """Mean units per day over those days of the run-rate whose units are known, per month."""
        days = [series.day(at) for at in state.run_rate.positions]
        units = self._unit_days(terms).known(days, state.as_of)
        daily = mean_daily_cost([scaled(amount) for amount in units.values()], [day.weekday() for day in units])
        return None if daily is None else per_month(daily)

    def _unit_days(self, terms: InitiativeTerms) -> UnitDays:
        """The initiative's units, of those days alone on which its unit of work was the one of ``terms``."""
        key = (terms.initiative_id, terms.unit_of_work)
        if key not in self.units:
            units = self.inputs.units.get(terms.initiative_id, {})
            self.units[key] = UnitDays.of_kind(units, self.inputs.terms[terms.initiative_id], terms.unit_of_work)
        return self.units[key]

    def _newly_graduated(self, terms: InitiativeTerms, known_until: date) -> list[tuple[str, Decimal | None]]:
        """Other initiatives of the product that are core by graduation for less than 28 days up to ``known_until``, each
        with the upper run-rate that its graduation verified, by day of graduation, then id.
        """
        found = []
        for name, graduations in self.inputs.graduations.items():
            declared = self.inputs.terms.get(name, {}).get(terms.day)
            if name == terms.initiative_id or declared is None or declared.graduation_date is None:
                continue
            is_core = declared.is_graduated_before(terms.day) and declared.stage != "retired"
            if not is_core or declared.product_id != terms.product_id:
                continue
            if (known_until - declared.graduation_date).days < RUN_RATE_DAYS:
                verified = [one for one in graduations if one.effective_on == declared.graduation_date]
                found.append((declared.graduation_date, name, verified[-1].upper_run_rate if verified else None))
        return [(name, upper) for _, name, upper in sorted(found, key=lambda one: one[:2])]

    def _reading(self, cap: CapInForce) -> CapReading:
        return CapReading(
            as_of_date=cap.reading_date,
            age_hours=self._age_hours(cap),
            is_found=cap.is_found,
            is_blocked=cap.is_blocked,
            daily_cap=cap.daily_cap,
            gap=cap.gap,
        )

    def _age_hours(self, cap: CapInForce) -> Decimal:
        """Age of the reading at the end of the day it speaks for; negative where it was made after that day, of settings
        in force since before. One made after its own as-of day stands for the end of that day.
        """
        stands_for = min(cap.read_at.astimezone(UTC), self._end_of(cap.reading_date))
        return rounded(Decimal((self._end_of(cap.day) - stands_for) / timedelta(seconds=1)) / 3600, 3)

    def _end_of(self, day: date) -> datetime:
        return datetime.combine(day + timedelta(days=1), time(), self.zone).astimezone(UTC)


def _monthly(amounts: list[Decimal | None]) -> Decimal | None:
    """Mean a day as an amount a month; None where there is no day or one of them is not known."""
    known = [amount for amount in amounts if amount is not None]
    if not known or len(known) < len(amounts):
        return None
    return per_month(sum(known, Decimal(0)) / len(known))


def ratio(value: float) -> Decimal | None:
    """A float ratio with nine decimals, None for NaN."""
    return None if value != value else rounded(Decimal(repr(value)))


def policy_of(policy: EffectivePolicy) -> GatePolicy:
    """The typed keys of the company's effective policy."""
    return GatePolicy(
        required_gates=tuple(int(gate) for gate in policy["required_gates"]),
        revenue_max_age_days=int(policy["revenue_max_age_days"]),
        audit_max_higher_tier_ratio=Decimal(str(policy["audit_max_higher_tier_ratio"])),
        guardrail_max_age_hours=int(policy["guardrail_max_age_hours"]),
        guardrail_drill_max_age_days=int(policy["guardrail_drill_max_age_days"]),
        stability_max_variation=Decimal(str(policy["stability_max_variation"])),
        stability_growth_margin=Decimal(str(policy["stability_growth_margin"])),
        version=policy.version,
    )
