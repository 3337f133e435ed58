"""How people appear in what leaves the home: by name, as pseudonyms, or not at all. Decided by ``policy.people``.

A pseudonym is an HMAC-SHA256, cut to 64 bits, under a secret that stands in ``HOME/private`` alone, so that no list of e-mail
addresses undoes it. It stands for one identifier: equal identifiers have equal pseudonyms in every table and run, unequal ones
unequal, and joins and primary keys are what they were. Under ``departments_only`` a person is absent: a null where the column is
a person's, :data:`WITHHELD` within a text.

Within texts (the alias of a key, a memo, the title of an alert) an identifier is found as its words in their order, whatever
case or separators they have: ``anna.berg@acme.example`` gives ``anna berg``, which ``Anna-Berg_laptop`` names. Any e-mail address
is taken for a person's. Failure mode: a name that no source gives us is not known, so it stays where somebody wrote it.

``HOME/private`` is 0700 and its files 0600. Without the secret pseudonyms begin anew, and what was published before no longer
joins.
"""

import hmac
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestration.files import write_atomically

NAMES, PSEUDONYMS, DEPARTMENTS_ONLY = "names", "pseudonyms", "departments_only"
STRICTNESS = (NAMES, PSEUDONYMS, DEPARTMENTS_ONLY)
WITHHELD = "withheld"
SHORTEST = 3
"""Letters and digits of the shortest identifier that is looked for within a text."""
SHORTEST_GLUED = 5
"""The same within a word, as in the alias of a key."""
_STATE = "people.json"
_TOKEN = re.compile(r"(person|holder|hidden)_[0-9a-f]{16}")
_MAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_WORD = re.compile(r"[^\W_]+")
_DEVELOPER = re.compile(r"(\bdeveloper:)([^\s,;\"'|]+)")


def strictest(*modes: str) -> str:
    """The one that shows least of people."""
    return max(modes, key=STRICTNESS.index)


@dataclass(frozen=True)
class People:
    """``identifiers``: ids, addresses and names of people as sources give them; ``things``: ids of departments, initiatives and
    the like, for which no text is changed; ``holders``: who stands behind the pseudonym of an owner or approver.
    """

    mode: str = NAMES
    secret: bytes = field(default=b"", repr=False)
    identifiers: frozenset[str] = frozenset()
    things: frozenset[str] = frozenset()
    holders: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def are_named(self) -> bool:
        return self.mode == NAMES

    def person(self, identifier: str) -> str | None:
        """What stands in a column of people; None: nothing."""
        if self.are_named or _TOKEN.fullmatch(identifier):
            return identifier
        return self._digest("person", identifier) if self.mode == PSEUDONYMS else None

    def holder(self, identifier: str) -> str:
        """What stands for the owner or approver of something: the address, as a function that somebody accountable holds, unless
        it is that of a person whose usage is known. Its pseudonym is none of those that usage has, so that the function leads to
        no usage.
        """
        known = identifier.casefold() in self._known and not _TOKEN.fullmatch(identifier)
        return self._digest("holder", identifier) if known and not self.are_named else identifier

    def behind(self, holder: str | None) -> str | None:
        """The address behind what :meth:`holder` gave."""
        return self.holders.get(holder, holder) if holder else holder

    def thing(self, identifier: str) -> str:
        """The id of a thing (a key, a project, a cap) as it may be shown: another id where it names a person."""
        if self.are_named or _TOKEN.fullmatch(identifier) or identifier in self.things:
            return identifier
        if identifier in self.identifiers:
            return self.person(identifier) or WITHHELD
        if capped := _DEVELOPER.fullmatch(identifier):
            return capped[1] + (self.person(capped[2]) or WITHHELD)
        return identifier if self.text(identifier) == identifier else self.opaque(identifier)

    def opaque(self, text: str) -> str:
        """An id that says nothing; equal for equal texts."""
        return text if _TOKEN.fullmatch(text) else self._digest("hidden", text)

    def text(self, text: str) -> str:
        """A text without the people it names."""
        if self.are_named:
            return text
        text = _DEVELOPER.sub(lambda found: found[1] + self._in_text(found[2]), text)
        text = _MAIL.sub(lambda found: self._in_text(found[0]), text)
        words = list(_WORD.finditer(text))
        shown, done, at = [], 0, 0
        while at < len(words):
            identifier, length = self._at(words, at)
            if identifier is not None:
                shown += [text[done : words[at].start()], self._in_text(identifier)]
                done = words[at + length - 1].end()
            at += length
        return "".join([*shown, text[done:]])

    def plain(self, value: Any) -> Any:
        """A plain JSON value with every text in it as :meth:`text` shows it."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(name)): self.plain(one) for name, one in value.items()}
        return [self.plain(one) for one in value] if isinstance(value, list | tuple) else value

    def contains(self, text: str) -> bool:
        """A text names somebody even without a boundary around the name, as ``thebergslaptop`` does."""
        letters = "".join(_WORD.findall(text.casefold()))
        return any(one in letters for one in self._glued)

    def _in_text(self, identifier: str) -> str:
        return self.person(identifier) or WITHHELD

    def _at(self, words: list[re.Match[str]], at: int) -> tuple[str | None, int]:
        for wanted, identifier in self._phrases.get(words[at][0].casefold(), ()):
            if [one[0].casefold() for one in words[at : at + len(wanted)]] == wanted:
                return identifier, len(wanted)
        return None, 1

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(one.casefold() for one in self.identifiers)

    @cached_property
    def _glued(self) -> frozenset[str]:
        glued = ("".join(phrase) for phrases in self._phrases.values() for phrase, _ in phrases)
        return frozenset(one for one in glued if len(one) >= SHORTEST_GLUED)

    @cached_property
    def _phrases(self) -> dict[str, list[tuple[list[str], str]]]:
        """By first word, the longest first."""
        found: dict[str, list[tuple[list[str], str]]] = {}
        things = [_WORD.findall(one.casefold()) for one in self.things]
        for identifier in sorted(self.identifiers):
            for phrase in _phrases_of(identifier):
                if phrase not in things:
                    found.setdefault(phrase[0], []).append((phrase, identifier))
        return {word: sorted(phrases, key=lambda one: -len(one[0])) for word, phrases in found.items()}

    def _digest(self, kind: str, text: str) -> str:
        return f"{kind}_{hmac.digest(self.secret, f'{kind}:{text}'.encode(), 'sha256').hex()[:16]}"


def _phrases_of(identifier: str) -> list[list[str]]:
    """The identifier as words; of an address also what stands before the at sign, in words and as one."""
    found = [_WORD.findall(identifier.casefold())]
    if "@" in identifier:
        local = _WORD.findall(identifier.casefold().split("@")[0])
        found += [local, ["".join(local)]]
    return [words for words in found if _is_telling("".join(words))]


def _is_telling(letters: str) -> bool:
    """Not so short that it means anything, nor a small number."""
    return len(letters) >= (5 if letters.isdigit() else SHORTEST)


def read_people(home: Path) -> People:
    """How people appear by the last publication in ``home``: by name where nothing says otherwise."""
    path = home / "private" / _STATE
    if not path.exists():
        return People()
    body = json.loads(path.read_text())
    return People(
        body["mode"],
        bytes.fromhex(body["secret"]),
        frozenset(body["identifiers"]),
        frozenset(body["things"]),
        body["holders"],
    )


def remember_people(
    home: Path, mode: str, identifiers: Iterable[str] = (), things: Iterable[str] = (), holders: Iterable[str] = ()
) -> People:
    """How people appear from now on, and who they are: ``identifiers`` beside those that were known before, ``things`` and
    ``holders`` as of now.
    """
    before = read_people(home)
    if mode == NAMES and not before.secret:
        return before
    secret = before.secret or secrets.token_bytes(32)
    people = People(mode, secret, frozenset(identifiers) | before.identifiers, frozenset(things))
    behind = {people.holder(one): one for one in holders}
    people = replace(people, holders={token: one for token, one in behind.items() if token != one})
    (home / "private").mkdir(mode=0o700, exist_ok=True)
    body = {
        "mode": mode,
        "secret": secret.hex(),
        "identifiers": sorted(people.identifiers),
        "things": sorted(people.things),
        "holders": people.holders,
    }
    write_atomically(home / "private" / _STATE, json.dumps(body))
    return people
