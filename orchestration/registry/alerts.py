"""alerts.yaml: where alerts go, who hears which, and how many at most. The file is optional.

A destination names the environment variable that holds its address; no address and no secret stands in the folder.
Without the file an alert goes to its owner where SMTP_HOST is set, else wherever the usual variables are set (:data:`USUAL`).
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from orchestration.registry.fields import Globs, Part, Text
from orchestration.registry.sources import check_variable

DestinationKind = Literal["slack", "teams", "email", "pagerduty", "webhook", "apprise"]
Severity = Literal["info", "warning", "critical"]
Variable = Annotated[Text, AfterValidator(check_variable)]

USUAL = {"webhook": "ALERT_WEBHOOK_URL", "slack": "SLACK_WEBHOOK_URL", "email": "SMTP_HOST"}
"""Destinations that are there without alerts.yaml when their variable is set, under these names."""


class Destination(Part):
    """One place where alerts arrive."""

    name: Text
    """Short name, which routes use."""
    kind: DestinationKind
    """What it is; apprise is any service that apprise knows, by its address."""
    url_env: Variable
    """Environment variable that holds its address, as the service shows it or as apprise writes it (slack://, mailto://,
    pagerduty:// and the rest); never the address itself.
    """
    secret_env: Variable | None = None
    """webhook: environment variable that holds the secret its messages are signed with."""
    to: Literal["owner"] | None = None
    """email: owner sends each alert to its owner; absent: to the addresses in the mail address itself."""
    max_per_hour: Annotated[int, Field(ge=1, le=10000)] | None = None
    """Most messages of one hour, critical ones apart; what is beyond comes as one line. Default: that of limits."""

    @model_validator(mode="after")
    def _keys_of_the_kind(self) -> "Destination":
        if (self.kind == "webhook") != (self.secret_env is not None):
            raise ValueError("a webhook needs secret_env, and nothing else takes it")
        if self.to is not None and self.kind != "email":
            raise ValueError(f"to: owner belongs to an e-mail destination, not to kind {self.kind}; drop it")
        return self


class Route(Part):
    """Which alerts go where. Every key that is there must match; the first route that matches counts."""

    kinds: Globs | None = None
    """Patterns of kinds, such as cap_*."""
    severity: Severity | None = None
    """At least this severity."""
    owners: Globs | None = None
    """Patterns of owners' e-mail addresses."""
    departments: Globs | None = None
    """Patterns of department_id."""
    entities: Globs | None = None
    """Patterns of what the alert is about, such as key:* or an initiative_id."""
    to: Globs
    """Destinations by name."""
    escalate_to: Globs | None = None
    """Destinations that hear, one after another, of a critical alert that stays open."""
    escalate_after_minutes: Annotated[int, Field(ge=1, le=10080)] = 30
    """Minutes that a critical alert stays open before each next one hears of it."""


class Limits(Part):
    """How many alerts at most; the file in HOME/alerts has every one, and what is held back is told as one line."""

    per_tick: Annotated[int, Field(ge=1, le=10000)] = 20
    """Most alerts that one tick of a sensor, or one step of a run, sends; the others follow at the next."""
    per_person_per_hour: Annotated[int, Field(ge=1, le=10000)] = 10
    """Most messages to one owner within an hour, critical ones apart."""
    per_destination_per_hour: Annotated[int, Field(ge=1, le=10000)] = 30
    """Most messages to one destination within an hour, critical ones apart."""


class OtherAlertKeys(Part):
    """What stands in alerts.yaml beside its lists."""

    default: Globs | None = None
    """Destinations of what no route matches. Default: the owner's e-mail if there is one, else every destination."""
    limits: Limits = Limits()
    """How many alerts at most."""


@dataclass(frozen=True)
class AlertSettings:
    """What alerts.yaml says; ``destinations`` holds only what it declares."""

    destinations: tuple[Destination, ...] = ()
    routes: tuple[Route, ...] = ()
    default: tuple[str, ...] | None = None
    limits: Limits = field(default_factory=Limits)
