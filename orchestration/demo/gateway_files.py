"""The gateway's spend log as it is exported: Parquet files in the shape of LiteLLM's table ``LiteLLM_SpendLogs``.

One file per month, and a second export that holds some of September's rows again. The cache split of the prompt is
only inside ``metadata.usage_object``, as the gateway keeps it.
"""

import json
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.demo.catalog import month_of, token_hash
from orchestration.demo.gateway_calls import PROVIDER, GatewayCall, list_cost
from orchestration.demo.traffic import Traffic

REPEATED_MONTH, REPEATED_EVERY = "2026-09", 9
_TEXT, _WHOLE, _MOMENT = pa.string(), pa.int32(), pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        *((name, _TEXT) for name in ("request_id", "call_type", "api_key")),
        ("spend", pa.float64()),
        *((name, _WHOLE) for name in ("total_tokens", "prompt_tokens", "completion_tokens")),
        *((name, _MOMENT) for name in ("startTime", "endTime")),
        *((name, _TEXT) for name in ("model", "model_id", "model_group", "custom_llm_provider", "user", "team_id")),
        *(
            (name, _TEXT)
            for name in ("organization_id", "end_user", "session_id", "request_tags", "status", "cache_hit")
        ),
        ("metadata", _TEXT),
    ]
)


def write_gateway_files(folder: Path, traffic: Traffic) -> None:
    """Write the monthly exports and the overlapping one to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    by_month: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for call in traffic.gateway:
        by_month[month_of(call.started_at.date())].append(spend_log(call))
    for month, rows in sorted(by_month.items()):
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), folder / f"spend_logs_{month}.parquet")
    again = by_month[REPEATED_MONTH][::REPEATED_EVERY]
    pq.write_table(pa.Table.from_pylist(again, SCHEMA), folder / f"spend_logs_{REPEATED_MONTH}_second_export.parquet")


def spend_log(call: GatewayCall) -> dict[str, Any]:
    """One row of the gateway's table; ``spend`` is the gateway's own float estimate."""
    spend = Decimal(0)
    if call.is_success:
        spend = list_cost(call.model, call.started_at.date(), call.prompt, call.cached, call.completion)
    return {
        "request_id": call.request_id,
        "call_type": "acompletion",
        "api_key": token_hash(call.key_alias),
        "spend": float(spend),
        "total_tokens": call.prompt + call.completion,
        "prompt_tokens": call.prompt,
        "completion_tokens": call.completion,
        "startTime": call.started_at,
        "endTime": call.started_at + timedelta(milliseconds=800 + 20 * call.completion),
        "model": call.model,
        "model_id": f"deployment-{call.model}",
        "model_group": call.model,
        "custom_llm_provider": PROVIDER,
        "user": call.user_id,
        "team_id": call.team_id,
        "organization_id": None,
        "end_user": None,
        "session_id": None,
        "request_tags": "[]",
        "status": "success" if call.is_success else "failure",
        "cache_hit": "False",
        "metadata": json.dumps(_metadata(call), sort_keys=True),
    }


def _metadata(call: GatewayCall) -> dict[str, Any]:
    metadata: dict[str, Any] = {"user_api_key_alias": call.key_alias, "user_api_key_team_id": call.team_id}
    if call.error is None:
        metadata["status"] = "success"
        metadata["usage_object"] = {
            "prompt_tokens": call.prompt,
            "completion_tokens": call.completion,
            "total_tokens": call.prompt + call.completion,
            "prompt_tokens_details": {"cached_tokens": call.cached},
            "cache_read_input_tokens": call.cached,
            "cache_creation_input_tokens": 0,
        }
        return metadata
    metadata["status"] = "failure"
    is_refusal = call.error == "budget_exceeded"
    metadata["error_information"] = {
        "error_code": "422" if is_refusal else "500",
        "error_class": "BudgetExceededError" if is_refusal else call.error,
        "error_message": "Budget has been exceeded!" if is_refusal else "The upstream provider failed",
        "llm_provider": "" if is_refusal else PROVIDER,
        "type": call.error if is_refusal else "internal_server_error",
    }
    return metadata
