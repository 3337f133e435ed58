"""What to declare of one ledger file in sources.yaml: each choice with how sure it is, and what could not be decided.

Belongs here: which declarations; how they are carried out is ``connectors/ledgers/foreign.py``. A choice that money
depends on and that nothing in the file tells (a currency, a side, a class) is left open, so that the file is refused
until a person says it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from orchestration.connectors.ledgers.foreign import AMOUNT, CONTRA, SIDE
from orchestration.connectors.table_layout import plain_heading
from orchestration.proposal.headings import (
    ACCOUNT_CLASSES,
    CASH,
    COST_OF_SALES,
    NAMES_OF_CLASSES,
    SIDES,
    folded,
    is_of_ai,
    named,
)
from orchestration.proposal.recognise import GENERAL_LEDGER, Recognised
from orchestration.registry.currencies import CURRENCIES

OWN_KEYS = {AMOUNT: "signed_amount", CONTRA: "contra_account"}
_CLASS_OF_WORD = {word: name for name, words in ACCOUNT_CLASSES.items() for word in words.split("|")}


@dataclass
class Declaration:
    """``lines`` go below the ledger's name in sources.yaml; ``undecided`` are sentences, each with its remedy."""

    lines: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)

    @property
    def is_anything(self) -> bool:
        """Some line is more than a comment."""
        return any(not line.lstrip().startswith("#") for line in self.lines)

    def say(self, line: str, why: str = "", depth: int = 2) -> None:
        self.lines.append("  " * depth + (f"{line:<40} # {why}" if why else line).rstrip())

    def add(self, block: "Block") -> None:
        """A block of which something is said; one of which nothing is stands commented as a whole."""
        if block.entries:
            mark = "    " if block.is_said else "    # "
            self.lines += [f"{mark}{'  ' * depth}{key}:" for depth, key in enumerate(block.keys[:-1])]
            self.lines.append(f"{mark}{'  ' * (len(block.keys) - 1)}{block.keys[-1]}:  # {block.why}")
            self.lines += block.entries


@dataclass
class Block:
    """Entries below a key, or a key below a key, each said, or commented because it is open."""

    keys: tuple[str, ...]
    why: str
    entries: list[str] = field(default_factory=list)
    is_said: bool = False

    def put(self, entry: str, why: str) -> None:
        self.is_said = True
        self.entries.append(f"{self._indent}{entry:<38} # {why}")

    def leave_open(self, entry: str, why: str) -> None:
        self.entries.append(f"{self._indent}# {entry:<36} # {why}")

    @property
    def _indent(self) -> str:
        return "  " * (2 + len(self.keys))


def declare(file: Recognised, currency: str | None) -> Declaration:
    """The declaration of a ledger file; ``currency`` is what the user said, if anything."""
    said = Declaration()
    if file.layout and file.layout.encoding == "windows-1252":
        said.say("encoding: windows-1252", "likely: the bytes are no UTF-8; look at umlauts and accents below")
    _columns(file, said)
    if file.kind == GENERAL_LEDGER:
        _sides(file, said)
        _classes(file, said)
        if "journal_line_number" not in file.headings:
            said.say("number_lines: true", "no column numbers the lines: they count from 1 within their entry")
    _values(file, said, currency)
    return said


def _columns(file: Recognised, said: Declaration) -> None:
    own = {column: heading for column, heading in file.headings.items() if column not in (AMOUNT, SIDE, CONTRA)}
    if file.kind == GENERAL_LEDGER and "account_name" not in own:
        own["account_name"] = own["account_number"]
    named_so = {column: heading for column, heading in own.items() if plain_heading(heading) != column}
    if named_so:
        said.say("columns:")
    for column, heading in named_so.items():
        why = "likely: a usual heading of it"
        if column == "account_name" and heading == own.get("account_number"):
            why = "no column names the accounts: their number stands for it"
        said.say(f"{column}: {_quoted(heading)}", why, 3)


def _sides(file: Recognised, said: Declaration) -> None:
    for column, key in OWN_KEYS.items():
        if column in file.headings:
            why = "likely: each row names both of its accounts" if column == CONTRA else "likely: one column of amounts"
            said.say(f"{key}: {_quoted(file.headings[column])}", why)
    if SIDE in file.headings:
        words = sorted(set(file.cells(SIDE)))
        told = {side: [word for word in words if folded(word) in known] for side, known in SIDES.items()}
        open_words = [word for word in words if not any(word in known for known in told.values())]
        heading = _quoted(file.headings[SIDE])
        line = f"side: {{column: {heading}, debit: {_list(told['debit'])}, credit: {_list(told['credit'])}}}"
        if open_words or not all(told.values()):
            said.undecided.append(
                f"whether {', '.join(open_words) or heading} is a debit or a credit; complete side in sources.yaml"
            )
            said.lines.append(f"    # {line}  # undecided: complete it")
        else:
            said.say(line, "likely: usual words for the two sides")
    elif AMOUNT in file.headings and not any(cell.lstrip().startswith(("-", "(", "−")) for cell in file.cells(AMOUNT)):
        heading = file.headings[AMOUNT]
        said.undecided.append(
            f"which side the amounts of '{heading}' are on: none is negative and no column says debit or credit; as it "
            "stands each is a debit, and no entry balances"
        )
        said.lines.append(f"    # undecided: {said.undecided[-1]}")
    elif any(not row.get(one) and row.get(other) for _, row in file.rows for one, other in _EACH_WAY):
        said.say("empty_side: zero", "each line fills one of debit and credit")


_EACH_WAY = (("debit_amount", "credit_amount"), ("credit_amount", "debit_amount"))


def _classes(file: Recognised, said: Declaration) -> None:
    if "account_class" in file.headings:
        _class_words(file, said)
        return
    block = Block(("account_classes",), "no column says what an account is; told by the accounts' names")
    found = {number: class_of(name) for number, name in accounts(file).items()}
    for number, name in found.items():
        if name:
            block.put(f"{_quoted(number)}: {name}", f"{accounts(file)[number]}: likely")
        else:
            block.leave_open(f"{_quoted(number)}: ...", 'undecided; a pattern of several, like "44*", will do')
    said.add(block)
    if open_accounts := [number for number, name in found.items() if not name]:
        shown = ", ".join(open_accounts[:6]) + (" and others" if len(open_accounts) > 6 else "")
        said.undecided.append(
            f"what {shown} is: asset, liability, equity, revenue or expense; say each below account_classes in sources.yaml"
        )


def _class_words(file: Recognised, said: Declaration) -> None:
    block = Block(("words", "account_class"), "what this system calls its kinds of account")
    words = sorted(set(file.cells("account_class")))
    for word in words:
        known = _CLASS_OF_WORD.get(folded(word))
        if known is None:
            block.leave_open(f"{_quoted(word)}: ...", "undecided")
        elif word.lower() != known:
            block.put(f"{_quoted(word)}: {known}", "likely")
    said.add(block)
    if unknown := [word for word in words if folded(word) not in _CLASS_OF_WORD]:
        said.undecided.append(
            f"what kind of account {', '.join(unknown)} is: asset, liability, equity, revenue or expense; say it below words "
            "in sources.yaml"
        )


def _values(file: Recognised, said: Declaration, currency: str | None) -> None:
    block = Block(("values",), "what is the same on every row")
    if file.kind == GENERAL_LEDGER and "legal_entity_id" not in file.headings:
        block.put("legal_entity_id: my_company", "no column names the legal entity: it is the company's id")
    needs_currency = file.kind in ("general_ledger", "revenue", "budgets", "labor_rates")
    if needs_currency and "currency" not in file.headings:
        in_headings = {
            code for text in file.headings.values() for code in re.findall(r"\b[A-Z]{3}\b", text)
        } & CURRENCIES
        if currency:
            block.put(f"currency: {currency}", "as you said")
        elif len(in_headings) == 1:
            block.put(f"currency: {in_headings.pop()}", "likely: a heading names it")
        else:
            said.undecided.append(
                "the currency: no column says it; write it below values in sources.yaml, or run init again with --currency"
            )
            block.leave_open("currency: ...", "undecided: no column says it")
    said.add(block)


def accounts(file: Recognised) -> dict[str, str]:
    """Account number to its name, as the file has them; the number itself where it has no names."""
    found: dict[str, str] = {}
    for _, row in file.rows:
        for column in ("account_number", CONTRA):
            if number := row.get(column):
                found.setdefault(number, row.get("account_name", "") if column == "account_number" else "")
    return {number: found[number] or number for number in sorted(found)}


def class_of(name: str) -> str | None:
    """The one class that an account's name speaks of, None where it speaks of none or several."""
    told = [one for one, words in NAMES_OF_CLASSES.items() if named(name, words)]
    if told == ["expense", "revenue"] or set(told) == {"revenue", "expense"}:
        return "expense" if named(name, "cost of") else None
    return told[0] if len(told) == 1 else None


def roles(file: Recognised) -> Iterator[tuple[str, str, str]]:
    """Account, role and why, for ``ledger_accounts`` of company.yaml; what nothing tells is left out and is role `other`."""
    kinds = {row["account_number"]: row.get("account_class", "") for _, row in file.rows if row.get("account_number")}
    spoken = {number for number, text in _told_beside(file) if is_of_ai(text)}
    for number, name in accounts(file).items():
        word = folded(kinds.get(number, ""))
        kind = _CLASS_OF_WORD.get(word) or class_of(name)
        is_direct = named(f"{name} {word}", COST_OF_SALES)
        if kind == "revenue":
            yield number, "revenue", f"{name}: likely"
        elif kind == "asset" and named(f"{name} {word}", CASH):
            yield number, "cash", f"{name}: likely"
        elif kind == "expense" and is_of_ai(name):
            role = "ai_cost_of_goods_sold" if is_direct else "ai_operating_expense"
            yield number, role, f"{name}: likely; ai_cost_of_goods_sold is what serves customers"
        elif kind == "expense" and number in spoken:
            yield (
                number,
                "ai_operating_expense",
                f"{name}: likely; a model provider is named beside it, check that all is AI",
            )
        elif kind == "expense":
            yield number, "other_cost_of_goods_sold" if is_direct else "operating_expense", f"{name}: likely"


def _told_beside(file: Recognised) -> Iterator[tuple[str, str]]:
    for _, row in file.rows:
        yield row.get("account_number", ""), f"{row.get('counterparty_name', '')} {row.get('description', '')}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _list(words: list[str]) -> str:
    return f"[{', '.join(map(_quoted, words))}]"
