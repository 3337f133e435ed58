"""A drill: a limit that refuses everything, a request that is refused, the prior settings again, and a receipt of it.

The request is made with a canary key where one is given; otherwise a refusal of the key's own traffic is waited for in the
gateway's log. The receipt has the action ``drill``; its note says when the refusal was seen. What stood before is restored
whatever happens; after a kill the next round does it where a cap holds, ``tokenomics enforce --revert ENTITY`` elsewhere.
Failure mode: no refusal within :data:`PATIENCE` is a failed drill, and no evidence of anything.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TextIO

import requests

from orchestration.enforcement.apply import apply_plan, settle
from orchestration.enforcement.command import DONE, FAULT, Desk, open_desk
from orchestration.enforcement.live_usage import refused_for
from orchestration.enforcement.plan import Plan, is_allowed, plan
from orchestration.enforcement.port import Desired, Gateway, Limit, LimitWindow, Observation, kind_of
from orchestration.enforcement.receipts import Action, Owned, Receipts, owned_entities
from orchestration.enforcement.revert import plan_revert
from orchestration.lock import in_turn
from orchestration.settings import RunSettings

DRILL = "drill"
TINY = Decimal("0.000001")
PATIENCE = timedelta(minutes=3)
LOOK_EVERY_SECONDS = 3.0
CANARY_TRIES = 5
REASON = "a drill: every request is refused until the settings are restored"


class DrillImpossible(Exception):
    """The entity is not known, or may not be written to; says what to set."""


def run_drill(
    settings: RunSettings, stream: TextIO, entity: str, canary_key_env: str | None, canary_model: str | None
) -> int:
    """Exercise the cap of ``entity``; exit code 0 only if a request was refused and everything stands as before."""
    with open_desk(settings) as desk:
        name = _adapter_of(desk, entity)
        canary = None
        if canary_key_env is not None:
            canary = desk.secret(canary_key_env)
            if canary is None:
                raise DrillImpossible(f"--canary-key-env: the environment variable {canary_key_env} is not set")
        receipts = Receipts(desk.home.root)
        with (
            in_turn(desk.home.enforcement / "tick.lock"),
            receipts.alone(),
            desk.open_gateway(name) as gateway,
        ):
            return _drill(desk, gateway, receipts, entity, canary, canary_model, stream)


def _adapter_of(desk: Desk, entity: str) -> str:
    kind_of(entity)
    adapters = desk.company.guardrails.adapters.values()
    found = [one.name for one in adapters if one.apply and is_allowed(one, entity)]
    if not found:
        raise DrillImpossible(
            f"guardrails.yaml: no adapter with apply: true names {entity} under entities, so nothing may be written to it"
        )
    return found[0]


def _drill(
    desk: Desk,
    gateway: Gateway,
    receipts: Receipts,
    entity: str,
    canary: str | None,
    canary_model: str | None,
    stream: TextIO,
) -> int:
    config = desk.company.guardrails.adapters[gateway.name]
    actions = settle(receipts.read(), gateway, desk.clock(), receipts)
    before = gateway.observe(entity)
    if not before.is_found:
        raise DrillImpossible(f"{gateway.name} does not know {entity}")
    able = gateway.capabilities(kind_of(entity))
    windows: tuple[LimitWindow, ...] = ("daily", "weekly", "monthly", "total")
    window = next((one for one in windows if one in able.windows), None)
    if "limits" not in able.writable or window is None:
        raise DrillImpossible(f"{gateway.name} holds no limit of a {kind_of(entity)}, so there is none to exercise")
    owned = owned_entities(actions).get((gateway.name, entity))
    wish = Desired(
        gateway.name, entity, {"limits": (Limit(window, TINY),)}, DRILL, REASON, "", desk.company.policy.version
    )
    found = plan(config, [wish], {entity: before}, {kind_of(entity): able}, actions)
    if len(found.changes) != 1:
        why = "; ".join(hold.reason for hold in found.holds) or "its limit refuses everything already"
        raise DrillImpossible(f"{entity}: {why}")
    change = replace(found.changes[0], action=DRILL)
    began = desk.clock()
    refusal: str | None = None
    done: list[Action] = []
    try:
        done += apply_plan(Plan(gateway.name, (change,)), gateway, receipts, config, run_id=DRILL, now=desk.clock)
        print(f"{entity}: limit set to {TINY:f} USD {window}; {done[-1].outcome}", file=stream, flush=True)
        if done[-1].outcome in ("verified", "pending", "applied"):
            refusal = (
                _try_canary(desk, config.base_url or "", canary, canary_model, before, stream)
                if canary is not None
                else _wait_for_refusal(desk, gateway.name, entity, began, stream)
            )
    finally:
        restored = _restore(desk, gateway, receipts, entity, owned, before)
    outcome = restored[-1].outcome if restored else "verified"
    print(f"{entity}: restored; {outcome}", file=stream)
    drilled = receipts.read()
    this = next((one for one in reversed(drilled) if one.action == DRILL and one.entity == entity), None)
    if refusal is not None and this is not None:
        receipts.follow(this, "verified", desk.clock(), f"refused: {refusal}; restored: {outcome}")
        print(f"{entity}: refused ({refusal}); the drill is recorded as {this.action_id}", file=stream)
    elif this is not None:
        receipts.follow(this, "abandoned", desk.clock(), "no request was refused")
        print(
            f"{entity}: no request was refused, so this proves nothing; make traffic meanwhile, or give --canary-key-env",
            file=stream,
        )
    after = gateway.observe(entity)
    is_restored = dict(after.values) == dict(before.values)
    if not is_restored:
        print(f"{entity}: its settings are not those of before; run tokenomics enforce --revert {entity}", file=stream)
    return DONE if refusal is not None and is_restored else FAULT


def _restore(
    desk: Desk, gateway: Gateway, receipts: Receipts, entity: str, owned: Owned | None, before: Observation
) -> Sequence[Action]:
    """What stood before the drill: our own earlier limit where there was one, else the person's, without our stamp."""
    config = desk.company.guardrails.adapters[gateway.name]
    actions = settle(receipts.read(), gateway, desk.clock(), receipts)
    able = {kind_of(entity): gateway.capabilities(kind_of(entity))}
    seen = {entity: gateway.observe(entity)}
    if owned is None:
        found = plan_revert(config, [entity], seen, able, actions, "the drill is over")
    else:
        wish = Desired(
            gateway.name,
            entity,
            {"limits": before.values["limits"]},
            DRILL,
            "the drill is over",
            "",
            desk.company.policy.version,
        )
        found = plan(config, [wish], seen, able, actions)
    return apply_plan(found, gateway, receipts, config, run_id=DRILL, now=desk.clock)


def _try_canary(
    desk: Desk, base_url: str, key: str, model: str | None, before: Observation, stream: TextIO
) -> str | None:
    """The type of the error that refuses a request with the canary key, None if none does. A first request may pass: what it
    costs is counted after it.
    """
    models = before.values.get("allowed_models") or ()
    asked = model or (models[0] if models else None)
    if asked is None:
        raise DrillImpossible("--canary-model is missing: the key may use every model, so say which to ask for")
    body = {"model": asked, "max_tokens": 1, "messages": [{"role": "user", "content": "ping"}]}
    for number in range(1, CANARY_TRIES + 1):
        answer = requests.post(
            f"{base_url.rstrip('/')}/v1/chat/completions",
            json=body,
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
            allow_redirects=False,
        )
        error = _error_type(answer)
        print(f"request {number}: {answer.status_code} {error or ''}".rstrip(), file=stream, flush=True)
        if answer.status_code != 200 and error is not None and refused_for(error):
            return error
        desk.sleep(2.0)
    return None


def _error_type(answer: requests.Response) -> str | None:
    try:
        error = answer.json().get("error")
    except ValueError:
        return None
    return str(error.get("type")) if isinstance(error, dict) and error.get("type") else None


def _wait_for_refusal(desk: Desk, source: str, entity: str, began: datetime, stream: TextIO) -> str | None:
    """The reason of the first refusal of the entity in the gateway's log since the drill began."""
    kind, _, name = entity.partition(":")
    column = {"key": "api_key", "team": "team_id"}.get(kind)
    if column is None or source != "litellm":
        raise DrillImpossible(
            f"the log of {source} is not read, so only a canary shows a refusal: give --canary-key-env"
        )
    print(f"waiting up to {PATIENCE.total_seconds():.0f} s for a request of {entity}", file=stream, flush=True)
    with desk.open_log() as log:
        end = time.monotonic() + PATIENCE.total_seconds()
        while time.monotonic() < end:
            rows = log.between(began, desk.clock() + timedelta(minutes=1)).rows
            for row in rows:
                told = " ".join(text for text in (row["error_type"], row["error_class"]) if text)
                if row[column] == name and row["status"] != "success" and refused_for(told):
                    return f"{told} at {row['started_at']:%Y-%m-%d %H:%M:%S} UTC"
            desk.sleep(LOOK_EVERY_SECONDS)
    return None
