"""How a fault is worded: which key, what is wrong, the value where it is safe to show, and what to do.

Values under keys that could hold a secret by mistake are never repeated.
"""

import difflib
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

_NEVER_SHOWN = ("api_key_env", "base_url", "url_env", "secret_env")


def nearest(word: str, known: Iterable[str]) -> str:
    """A remedy for an unknown word: the closest known one, else all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.7)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"allowed are {', '.join(names)}" if names else "none is declared"


def describe(error: Mapping[str, Any], path: tuple[str | int, ...], model: type[BaseModel] | None = None) -> str:
    """One pydantic error as a sentence with a remedy; ``path`` leads to it, ``model`` is the record's model."""
    name = _name(path)
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"unknown key '{path[-1]}'; {nearest(str(path[-1]), allowed_keys(model, error['loc'][:-1]))}"
    if kind == "missing":
        return f"key '{path[-1]}' is missing; add it"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"{name} must hold 'key: value' pairs; indent them below it"
    if kind in ("tuple_type", "list_type"):
        return f"{name} must be a list; write [a, b] or one '- item' per line"
    if kind == "literal_error":
        return f"{name}: {shown(error['input'], path)} is not allowed; write {error['ctx']['expected']}"
    if kind == "value_error" and isinstance(error["input"], list):
        return f"{name}: {error['ctx']['error']}"
    if kind == "value_error" and isinstance(error["input"], dict):
        return str(error["ctx"]["error"])
    if kind == "value_error":
        return f"{name}: {shown(error['input'], path)} {error['ctx']['error']}"
    return (
        f"{name}: {shown(error['input'], path)} is not valid: {error['msg'][:1].lower()}{error['msg'][1:]}; correct it"
    )


def shown(value: Any, path: tuple[str | int, ...]) -> str:
    """A value as the message may repeat it."""
    if any(key in _NEVER_SHOWN for key in path):
        return "the value"
    if value is None:
        return "an empty value"
    return f"'{str(value)[:80]}'" if isinstance(value, str) else f"'{str(value)[:80].lower()}'"


def allowed_keys(model: type[BaseModel] | None, inner: tuple[str | int, ...]) -> list[str]:
    """The keys that may be written at ``inner`` below a record of ``model``; excluded fields are filled in by code."""
    for step in inner:
        if model is None:
            return []
        if isinstance(step, str) and step in model.model_fields:
            model = _model_inside(model.model_fields[step].annotation)
    return sorted(name for name, field in model.model_fields.items() if not field.exclude) if model else []


def _model_inside(annotation: Any) -> type[BaseModel] | None:
    if (
        isinstance(annotation, type)
        and not isinstance(annotation, types.GenericAlias)
        and issubclass(annotation, BaseModel)
    ):
        return annotation
    found = (_model_inside(part) for part in typing.get_args(annotation))
    return next((one for one in found if one is not None), None)


def _name(path: tuple[str | int, ...]) -> str:
    words = [step for step in path if isinstance(step, str) and step != "[key]"]
    return (words[-1] or "the key") if words else "the record"
