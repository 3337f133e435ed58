"""Write a company folder for files that the user has, and say what was found: each file, each choice, what is undecided.

The files are copied, never changed. Then they are read as ``check`` reads them: first rows as they will be counted, or the
first fault with its line. Failure mode: a file that is not recognised is told and left out; where none is, nothing is written.
The folder is there whole or not at all.
"""

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from orchestration import utc_duckdb
from orchestration.connectors.trial import Trial, try_files
from orchestration.landing.store import Landing
from orchestration.proposal.ledger import Declaration, accounts, declare, roles
from orchestration.proposal.recognise import GENERAL_LEDGER, NotRecognised, Recognised, recognise
from orchestration.registry import load_company, write_company_folder
from orchestration.registry.sources import LEDGER_SOURCES
from orchestration.registry.starter import refuse_full

FOLDERS = {"litellm": "gateway", "focus_files": "focus"} | {name: f"ledgers/{name}" for name in LEDGER_SOURCES}
SHOWN_ROWS = 3
_SHOWN = {
    "general_ledger": "posting_date, journal_entry_id, account_number, account_name, debit_amount, credit_amount, currency",
    "revenue": "revenue_date, product_id, customer_id, amount, currency",
    "budgets": "fiscal_period, department_id, budget_class, amount, currency",
}
_TOTALS = {"general_ledger": ("debit_amount", "credit_amount"), "revenue": ("amount",), "budgets": ("amount",)}


@dataclass(frozen=True)
class Proposal:
    """What to tell, and whether every file was taken, decided and read."""

    lines: tuple[str, ...]
    is_complete: bool


def propose(target: Path, files: Sequence[Path], currency: str | None) -> Proposal:
    """Write a folder at ``target``. Raises :class:`NotRecognised` where no file is taken, FileExistsError for a full folder."""
    found: list[Recognised] = []
    refused: list[str] = []
    for path in dict.fromkeys(files):
        try:
            found.append(recognise(path))
        except NotRecognised as error:
            refused.append(str(error))
    if not found:
        raise NotRecognised("\n".join([*refused, "Nothing was written."]))
    refuse_full(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as draft:
        folder = Path(draft) / target.name
        proposal = _propose(folder, found, refused, currency)
        folder.replace(target)
    return proposal


def _propose(target: Path, found: Sequence[Recognised], refused: Sequence[str], currency: str | None) -> Proposal:
    write_company_folder(target)
    lines, declared = [], dict[str, Declaration]()
    for file in found:
        copied = _copy(file, target)
        lines.append(f"{file.path.name}: {_described(file)}, copied to {copied}")
        if file.kind not in FOLDERS:
            declared.setdefault(file.kind, declare(file, currency))
    _write_sources(target, found, declared)
    _write_accounts(target, found, currency)
    rows: list[str] = []
    trial = try_files(load_company(target), date.max, lambda landing: rows.extend(_samples(landing)))
    _note_what_the_files_leave_open(target, trial)
    undecided = [f"{kind}: {one}" for kind, said in declared.items() for one in said.undecided]
    lines += [f"could not decide, {one}" for one in undecided]
    lines += rows
    lines += [f"not read: {fault}" for fault in (*refused, *trial.faults)]
    return Proposal(tuple(lines), not (undecided or refused or trial.faults))


def _described(file: Recognised) -> str:
    what = {"litellm": "a LiteLLM spend log", "focus_files": "a cloud bill in the FOCUS format"}
    if file.kind in FOLDERS:
        return f"{what.get(file.kind, f'postings of {file.kind}')} (certain: it has every column or key of one)"
    sure = "certain: its name says so" if file.is_by_name else "likely: its columns say so"
    layout = (
        f", {file.layout.described().partition(':')[0]}, header in line {file.layout.header_line}"
        if file.layout
        else ""
    )
    return f"{file.kind} ({sure}{layout})"


def _copy(file: Recognised, target: Path) -> str:
    """Where the file is copied to, relative to the folder."""
    if file.kind in FOLDERS:
        inside = Path(FOLDERS[file.kind]) / file.path.name
    else:
        suffix = ".parquet" if file.path.suffix.lower() == ".parquet" else ".csv"
        stem = re.sub(r"[^\w.-]+", "_", file.path.stem)
        inside = Path("ledgers") / f"{stem if stem.startswith(file.kind) else f'{file.kind}_{stem}'}{suffix}"
    number = 1
    while (target / inside).exists():
        number += 1
        inside = inside.with_name(f"{inside.stem}_{number}{inside.suffix}")
    (target / inside).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file.path, target / inside)
    return inside.as_posix()


def _write_sources(target: Path, found: Sequence[Recognised], declared: dict[str, Declaration]) -> None:
    path = target / "sources.yaml"
    text = path.read_text(encoding="utf-8")
    for kind, folder in FOLDERS.items():
        mine = [file.path for file in found if file.kind == kind]
        if mine:
            suffixes = {one.suffix for one in mine}
            pattern = f"{folder}/*{suffixes.pop() if len(suffixes) == 1 else ''}"
            block = re.compile(rf"(\n  {kind}:\n)(.*?)(?=\n\n|\Z)", re.S)
            switched = block.search(text)
            assert switched is not None, f"the template has no {kind}"
            body = switched[2].replace("enabled: false", f"enabled: true                  # from {mine[0].name}", 1)
            body = re.sub(r"(?m)^(    path: ).*$", rf"\g<1>{pattern}", body, count=1)
            text = text[: switched.start()] + switched[1] + body + text[switched.end() :]
    if declared:
        names = {kind: ", ".join(file.path.name for file in found if file.kind == kind) for kind in declared}
        text += "\n# Proposed from your files. Each line says why; correct what is wrong, then: tokenomics check\nledgers:\n"
        for kind, said in declared.items():
            value, why = (
                ("", "") if said.is_anything else (" {}", "; it has the columns as they are named here, {} says so")
            )
            text += f"  {kind}:{value}{' ' * 30} # from {names[kind]}{why}\n" + "".join(
                f"{line}\n" for line in said.lines
            )
    path.write_text(text, encoding="utf-8")


def _write_accounts(target: Path, found: Sequence[Recognised], currency: str | None) -> None:
    """``ledger_accounts`` and the reporting currency of company.yaml, where a general ledger tells them."""
    path = target / "company.yaml"
    text = path.read_text(encoding="utf-8")
    books = [file for file in found if file.kind == GENERAL_LEDGER]
    told = {code.upper() for file in books for code in file.cells("currency")} or ({currency} if currency else set())
    if len(told) == 1:
        text = re.sub(
            r"(?m)^reporting_currency: \w+ +#.*$", f"reporting_currency: {told.pop()}            # the ledger's", text
        )
    proposed = {number: (role, why) for file in books for number, role, why in roles(file)}
    if proposed:
        lines = [f"  {json.dumps(number)}: {role:<28} # {why}" for number, (role, why) in proposed.items()]
        others = sorted({number for file in books for number in accounts(file)} - set(proposed))
        if others:
            lines.append(f"  # undecided, role other until they stand here: {', '.join(others)}")
        start = text.index("ledger_accounts:\n") + len("ledger_accounts:\n")
        text = text[:start] + "\n".join(lines) + text[text.index("\n\n", start) :]
    path.write_text(text, encoding="utf-8")


def _note_what_the_files_leave_open(target: Path, trial: Trial) -> None:
    """What the readers found to be open, with both readings, beside the key that decides it."""
    path = target / "sources.yaml"
    text = path.read_text(encoding="utf-8")
    for fault in trial.faults:
        asked = re.search(r"set (day_first|decimal_comma) under ledgers: (\w+)", fault)
        if asked:
            place = f"\n  {asked[2]}:"
            at = text.index("\n", text.rindex(place) + len(place)) + 1
            text = f"{text[:at]}    # undecided: {fault}\n    # {asked[1]}: true\n{text[at:]}"
    path.write_text(text, encoding="utf-8")


def _samples(landing: Landing) -> list[str]:
    """The first rows of each kind as they are counted, with how many there are and what they add up to."""
    lines: list[str] = []
    with utc_duckdb.connect() as connection:
        landing.register(connection)
        for kind, columns in _SHOWN.items():
            count, rows = _first(connection, f"landing.ledgers__{kind}", columns, "file, line")
            if count:
                sums = ", ".join(f"sum({column})::varchar" for column in _TOTALS[kind])
                found = connection.execute(
                    f"select currency, {sums} from landing.ledgers__{kind} group by 1 order by 1"
                ).fetchall()
                total = "; ".join(
                    ", ".join(
                        f"{name.replace('_amount', '')} {_plain(amount)} {currency}"
                        for name, amount in zip(_TOTALS[kind], amounts, strict=True)
                    )
                    for currency, *amounts in found
                )
                lines += [f"{kind}: {count:,} rows will be counted so, in all {total}", *rows]
        columns = "started_at, model, prompt_tokens, completion_tokens, key_alias"
        count, rows = _first(connection, "landing.litellm__spend_logs", columns, "started_at")
        if count:
            lines += [f"spend log: {count:,} requests will be counted so", *rows]
    return lines


def _first(connection: duckdb.DuckDBPyConnection, table: str, columns: str, order: str) -> tuple[int, list[str]]:
    rows = connection.execute(f"select {columns} from {table} order by {order} limit {SHOWN_ROWS}").fetchall()
    counted = connection.execute(f"select count(*) from {table}").fetchone()
    assert counted is not None
    return counted[0], ["  " + "  ".join(_shown(cell) for cell in row) for row in rows]


def _shown(cell: object) -> str:
    if cell is None:
        return "-"
    return _plain(format(cell, "f") if isinstance(cell, Decimal) else str(cell))


def _plain(text: str) -> str:
    """A decimal without its trailing zeros, at least two of them; any other text as it is."""
    return re.sub(r"^(-?\d+\.\d\d\d*?)0*$", r"\1", text)
