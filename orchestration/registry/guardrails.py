"""guardrails.yaml: which caps hold for whom, who may pass them for how long, and which gateways may be written to.

The file is optional. A cap that an initiative declares for its own guardrail entity (``initiatives.yaml``) is a daily cap
of its own and needs no entry here. Where several caps hold for one id, each holds; what one allows, another may refuse.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from orchestration.registry.fields import Currency, Email, Globs, Part, PositiveMoney, Record, Text
from orchestration.registry.identity import check_time_zone
from orchestration.registry.sources import BASE_URLS, SECRET_VARIABLES, SourceConfig, check_base_url, check_variable

AdapterName = Literal[
    "litellm", "merge_gateway", "openrouter", "mlflow", "openai", "anthropic", "webhook", "policy_file"
]
ADAPTERS: tuple[str, ...] = AdapterName.__args__  # type: ignore[attr-defined]
_OWN_KEYS = {"valid_for_minutes": ("policy_file",)}
_WITHOUT_ADDRESS = ("policy_file",)
CapSubject = Literal["developer", "key", "team", "initiative"]
CapWindow = Literal["daily", "weekly", "monthly"]


def read_moment(value: Any) -> datetime:
    """A moment with its offset, such as 2026-11-28T09:00:00+01:00."""
    if isinstance(value, datetime):
        moment = value
    else:
        try:
            moment = datetime.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            raise ValueError("is not a moment; write it like 2026-11-28T09:00:00+01:00") from None
    if moment.utcoffset() is None:
        raise ValueError("has no offset; write it like 2026-11-28T09:00:00+01:00 or 2026-11-28T08:00:00Z")
    return moment


Moment = Annotated[datetime, BeforeValidator(read_moment)]


class Window(Part):
    """One spending limit and the window it holds for, in the cap's time zone."""

    window: CapWindow
    """daily, weekly (from Monday) or monthly."""
    amount: PositiveMoney
    """Most that may be spent in one window."""
    reset_day: Annotated[int, Field(ge=1, le=28)] | None = None
    """Day of the month on which a monthly window begins; default 1."""

    @model_validator(mode="after")
    def _reset_day_of_a_month(self) -> "Window":
        if self.reset_day is not None and self.window != "monthly":
            raise ValueError(f"reset_day belongs to a monthly window, not to a {self.window} one; drop it")
        return self


class Cap(Record):
    """Spending limits for every developer, key, team or initiative that ``ids`` match, each for itself."""

    cap_id: Text
    """Short name of the cap."""
    subject: CapSubject
    """Who is capped: developer (actor), key, team or initiative."""
    ids: Globs
    """Patterns of actor_id, api_key_id, team_id or initiative_id."""
    windows: Annotated[tuple[Window, ...], Field(min_length=1)]
    """The limits, each window once."""
    adapter: AdapterName = "litellm"
    """Which gateway holds it."""
    time_zone: Annotated[Text, AfterValidator(check_time_zone)] | None = None
    """IANA zone in which windows begin; default the reporting time zone."""
    currency: Currency | None = None
    """Currency of the amounts; default the reporting currency."""
    mode: Literal["hard", "alert"] | None = None
    """hard: refuse when it is reached; alert: tell. Default: the policy's caps_mode."""
    headroom: PositiveMoney | None = None
    """What requests in flight may cost: this much less is written to the gateway."""

    @model_validator(mode="after")
    def _each_window_once(self) -> "Cap":
        names = [one.window for one in self.windows]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"window '{name}' stands twice; keep one")
        return self


class CapOverride(Part):
    """Another amount for one window of one capped id, approved by somebody and over by itself."""

    cap_id: Text
    """The cap that is overridden."""
    id: Text
    """The one developer, key, team or initiative it is for."""
    window: CapWindow
    """The window it replaces the amount of."""
    amount: PositiveMoney
    """Most that may be spent in one window meanwhile."""
    starts_at: Moment
    """From when, with its offset."""
    expires_at: Moment
    """Until when, exclusive."""
    approver: Email
    """Who approved it."""
    reason: Text
    """Why."""

    @model_validator(mode="after")
    def _moments_in_order(self) -> "CapOverride":
        if self.expires_at <= self.starts_at:
            raise ValueError(f"expires_at {self.expires_at} is not after starts_at {self.starts_at}")
        return self


class AdapterConfig(Part):
    """One gateway that guardrails may be written to. Nothing is ever written where ``apply`` is false."""

    name: AdapterName = Field(exclude=True)
    apply: bool = False
    """Whether tokenomics enforce --apply and the sensor may write to it."""
    base_url: Annotated[Text, AfterValidator(check_base_url)] | None = None
    """Address of its management API; default that of the source of the same name."""
    api_key_env: Annotated[Text, AfterValidator(check_variable)] | None = None
    """Environment variable that holds its key; default that of the source of the same name."""
    entities: Globs | None = None
    """Patterns of the entities (key:<id>, team:<id>, project:<id>) that may be written; none are unless named."""
    max_changes: Annotated[int, Field(ge=1, le=1000)] = 10
    """Most entities that one tick may change."""
    on_drift: Literal["report", "reapply"] = "report"
    """What follows when somebody else changed what was written: tell, or write it again."""
    downgrades: dict[Text, Text] = Field(default_factory=dict)
    """Model that serves instead of another while a breaker is degraded, by the gateway's model names."""
    throttled_requests_per_minute: Annotated[int, Field(ge=1)] = 5
    """Requests per minute while a breaker is throttled or half-open."""
    valid_for_minutes: Annotated[int, Field(ge=1)] = 60
    """policy_file: how long its reader may trust it."""


def foreign_adapter_keys(name: str, written: set[str]) -> list[str]:
    """Those of the keys written for an adapter that belong to other adapters only."""
    return sorted(key for key in written if key in _OWN_KEYS and name not in _OWN_KEYS[key])


def with_source_defaults(adapter: AdapterConfig, source: SourceConfig | None) -> AdapterConfig:
    """The adapter with the address and the variable of the source of the same name where it has none of its own."""
    base_url = adapter.base_url or (source.base_url if source else None) or BASE_URLS.get(adapter.name)
    variable = adapter.api_key_env or (source.api_key_env if source else None) or SECRET_VARIABLES.get(adapter.name)
    return adapter.model_copy(update={"base_url": base_url, "api_key_env": variable})


def lacks_address(adapter: AdapterConfig) -> bool:
    """Whether an adapter that is to be written to says nowhere where it is."""
    return adapter.apply and adapter.base_url is None and adapter.name not in _WITHOUT_ADDRESS


def bare_adapter(name: str) -> AdapterConfig:
    """An adapter of which the file says nothing: nothing is written to it."""
    return AdapterConfig.model_validate({"name": name})


def _every_adapter() -> Mapping[str, AdapterConfig]:
    return MappingProxyType({name: with_source_defaults(bare_adapter(name), None) for name in ADAPTERS})


@dataclass(frozen=True)
class Guardrails:
    """The whole of guardrails.yaml. ``adapters`` holds every adapter; one that the file does not name is never written to.

    Caps may stand in several dated versions of one ``cap_id``.
    """

    caps: tuple[Cap, ...] = ()
    overrides: tuple[CapOverride, ...] = ()
    adapters: Mapping[str, AdapterConfig] = field(default_factory=_every_adapter)
