"""A company of five days with one provider on loopback and one gateway log, small enough to run whole in a test."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.connectors.loopback_server import Answer, LoopbackServer, Request
from tests.end_to_end.command_line import ROOT, tokenomics

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 5)
PUBLISHED_AS_OF, RESTATED_AS_OF = date(2026, 10, 4), date(2026, 10, 31)
RESTATED = date(2026, 10, 3)
RUN_LIMIT_SECONDS = 900
KEY = "sk-admin-tiny-0001"
SECRET = "sk-planted-in-metadata-4711"
HOURS = (9, 17)


def unix(day: date, hour: int = 0) -> int:
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=UTC).timestamp())


@dataclass
class TinyOpenAI:
    """OpenAI's usage, costs and directories for project proj_assistant: 1,000 + 200 tokens of gpt-6-sol at 9 and at 17 o'clock.

    ``fault``: None, "500", "money", "missing_field" or "empty" (no rows at all).
    """

    fault: str | None = None

    def answer(self, request: Request) -> Answer:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer != KEY:
            return Answer({"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}, 401)
        if self.fault == "500":
            return Answer({"error": {"message": "The server had an error"}}, 500, {"retry-after-ms": "10"})
        if request.path.endswith("/usage/completions"):
            return self._buckets(request, 3600, self._usage)
        if request.path.endswith("/costs"):
            return self._buckets(request, 86400, self._cost)
        if "/usage/" in request.path:
            return self._buckets(request, 86400, lambda start: [])
        return Answer({"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False})

    def _buckets(self, request: Request, width: int, results: Any) -> Answer:
        begin, end = int(request.one("start_time") or 0), int(request.one("end_time") or 0)
        starts = range(begin, end, width)
        offset, limit = int(request.one("page") or 0), int(request.one("limit") or 7)
        data = [
            {"object": "bucket", "start_time": start, "end_time": start + width, "results": results(start)}
            for start in starts[offset : offset + limit]
        ]
        more = offset + limit < len(starts)
        page = {"object": "page", "data": data, "has_more": more, "next_page": str(offset + limit) if more else None}
        return Answer(page)

    def _usage(self, start: int) -> list[dict[str, Any]]:
        moment = datetime.fromtimestamp(start, UTC)
        if self.fault == "empty" or not FIRST <= moment.date() <= LAST or moment.hour not in HOURS:
            return []
        row = {
            "object": "organization.usage.completions.result",
            "input_tokens": 1000,
            "input_cached_tokens": 400,
            "input_cache_write_tokens": 0,
            "input_uncached_tokens": 600,
            "output_tokens": 200,
            "num_model_requests": 3,
            "project_id": "proj_assistant",
            "user_id": None,
            "api_key_id": "key_assistant",
            "model": "gpt-6-sol",
            "batch": False,
            "service_tier": "default",
            "request_headers": {"authorization": SECRET},
        }
        if self.fault == "missing_field":
            del row["output_tokens"]
        return [row]

    def _cost(self, start: int) -> list[dict[str, Any]]:
        day = datetime.fromtimestamp(start, UTC).date()
        if self.fault == "empty" or not FIRST <= day <= LAST:
            return []
        value: Any = "12.3.4" if self.fault == "money" else 0.00656
        return [
            {
                "object": "organization.costs.result",
                "amount": {"value": value, "currency": "usd"},
                "line_item": "gpt-6-sol, input",
                "quantity": 2400,
                "quantity_unit": "tokens",
                "project_id": "proj_assistant",
                "api_key_id": "key_assistant",
                "user_id": None,
                "organization_id": "org-tiny",
                "project_name": SECRET,
            }
        ]


def gateway_rows(days: list[date]) -> list[dict[str, Any]]:
    """Thirty requests a day of one key; the metadata also holds what must never be landed."""
    rows = []
    for day in days:
        for number in range(30):
            begin = datetime(day.year, day.month, day.day, 8, tzinfo=UTC) + timedelta(minutes=number)
            usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "cache_read_input_tokens": 40}
            rows.append(
                {
                    "request_id": f"req-{day}-{number}",
                    "call_type": "acompletion",
                    "api_key": "key-gateway",
                    "spend": 0.000027,
                    "total_tokens": 120,
                    "prompt_tokens": 100,
                    "completion_tokens": 20,
                    "startTime": begin.isoformat(),
                    "endTime": (begin + timedelta(seconds=1)).isoformat(),
                    "model": "mistral-small-latest",
                    "model_group": "small",
                    "custom_llm_provider": "mistral",
                    "user": None,
                    "team_id": None,
                    "organization_id": None,
                    "end_user": None,
                    "request_tags": "[]",
                    "status": "success",
                    "cache_hit": "False",
                    "metadata": json.dumps(
                        {"usage_object": usage, "headers": {"authorization": SECRET}, "prompt": SECRET}
                    ),
                }
            )
    return rows


def write_gateway_log(company: Path, days: list[date]) -> None:
    (company / "logs").mkdir(exist_ok=True)
    (company / "logs" / "gateway.jsonl").write_text("".join(json.dumps(row) + "\n" for row in gateway_rows(days)))


def write_restated_log(company: Path, prompt_tokens: int, requests: int = 30) -> None:
    """Five days of gateway rows; the restated day has ``requests`` of them with ``prompt_tokens`` each."""
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": 20, "total_tokens": prompt_tokens + 20}
    changed = {
        "prompt_tokens": prompt_tokens,
        "total_tokens": prompt_tokens + 20,
        "metadata": json.dumps({"usage_object": {**usage, "cache_read_input_tokens": 40}}),
    }
    rows = gateway_rows([day for day in all_days() if day != RESTATED])
    (template, *_) = gateway_rows([RESTATED])
    rows += [template | changed | {"request_id": f"req-{RESTATED}-{number}"} for number in range(requests)]
    (company / "logs" / "gateway.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def all_days() -> list[date]:
    return [FIRST + timedelta(days=offset) for offset in range((LAST - FIRST).days + 1)]


def write_tiny_company(target: Path, base_url: str) -> Path:
    shutil.copytree(ROOT / "tests" / "companies" / "tiny", target)
    sources = target / "sources.yaml"
    sources.write_text(sources.read_text().replace("__BASE_URL__", base_url))
    write_gateway_log(target, all_days())
    return target


def publish_tiny_company(folder: Path) -> None:
    """Beside each other ``company``, with the gateway's log up to the last day but one, and ``home``, as of that day."""
    with LoopbackServer(TinyOpenAI().answer) as server:
        company = write_tiny_company(folder / "company", server.url)
        write_gateway_log(company, all_days()[:-1])
        where = ("--company", company, "--home", folder / "home", "--as-of", PUBLISHED_AS_OF.isoformat())
        done = tokenomics("run", *where, OPENAI_ADMIN_KEY=KEY)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def publish_restated_company(published: Path, folder: Path) -> None:
    """From ``published`` on to ``RESTATED_AS_OF``, with one day more in the log and one restated; beside company and home,
    ``seconds`` says how long an undisturbed run takes.
    """
    with LoopbackServer(TinyOpenAI().answer) as server:
        copy_tiny_company(published, folder, server.url)
        write_restated_log(folder / "company", 200)
        began = time.monotonic()
        code = start(folder / "company", folder / "home", RESTATED_AS_OF.isoformat()).wait(RUN_LIMIT_SECONDS)
        (folder / "seconds").write_text(str(time.monotonic() - began))
    assert code == 0, (folder / "home.log").read_text(errors="replace")[-3000:]


def start(company: Path, home: Path, as_of: str) -> subprocess.Popen[bytes]:
    """Start a run in a process group of its own; its output goes to a file beside ``home``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOKENOMICS_")}
    with home.with_suffix(".log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "orchestration", "run", "--company", company, "--home", home, "--as-of", as_of],
            cwd=ROOT,
            env={**kept, "OPENAI_ADMIN_KEY": KEY},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def copy_tiny_company(published: Path, target: Path, base_url: str) -> Path:
    """A copy of both, whose provider answers at ``base_url``; that it moved is no news to a run."""
    shutil.copytree(published, target, symlinks=True)
    sources = target / "company" / "sources.yaml"
    sources.write_text(re.sub(r"base_url: \S+", f"base_url: {base_url}/v1", sources.read_text()))
    return target
