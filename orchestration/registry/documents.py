"""YAML files as plain trees that remember the line of every node.

Scalars stay the text the author wrote (so that ``0.10`` and ``007`` lose nothing), except ``true``, ``false`` and
null. A key written twice, a merge key, a recursive alias, an empty value or broken syntax is a fault; the rest of
the file is still read where it can be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from orchestration.registry.faults import Fault

NodePath = tuple[str | int, ...]
_NULL, _BOOL = "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool"
_PLAIN_TAGS = {
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge")
}
_COLLECTION_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_BOOLEANS = {"true": True, "false": False}


@dataclass
class Document:
    """One file: ``data`` is its tree, ``lines`` the line of every key and list item by path."""

    file: str
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[NodePath, int] = field(default_factory=dict)

    def line(self, path: Sequence[str | int] = ()) -> int:
        """The line of the node at ``path``, or of its closest ancestor that stands in the file."""
        where = tuple(path)
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)

    def fault(self, path: Sequence[str | int], message: str) -> Fault:
        return Fault(self.file, self.line(path), message)


def read_document(path: Path, faults: list[Fault]) -> Document | None:
    """Read a YAML mapping; faults are appended. None when the file cannot be read as one."""
    try:
        root = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        faults.append(Fault(path.name, line, "not UTF-8 text; save the file as UTF-8"))
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        faults.append(Fault(path.name, line, f"broken YAML: {error.problem or error.context}; correct the syntax"))
        return None
    except yaml.reader.ReaderError as error:
        line = path.read_text(encoding="utf-8-sig")[: error.position].count("\n") + 1
        faults.append(Fault(path.name, line, "a control character that YAML does not allow; remove it"))
        return None
    document = Document(path.name)
    if root is None:
        return document
    if not isinstance(root, yaml.MappingNode):
        faults.append(
            Fault(path.name, root.start_mark.line + 1, "the file must hold 'key: value' pairs at its top level")
        )
        return None
    document.data = _Builder(document, faults).value(root, (), ())
    return document


class _Builder:
    def __init__(self, document: Document, faults: list[Fault]) -> None:
        self.document, self.faults = document, faults

    def value(self, node: yaml.Node, path: NodePath, open_nodes: tuple[int, ...]) -> Any:
        if id(node) in open_nodes:
            self._fault(node, "an alias that contains itself; write the value out")
            return None
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _COLLECTION_TAGS:
            self._fault(node, f"tag '{node.tag}' is not supported; write a plain value")
        inner = (*open_nodes, id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, inner)
        if isinstance(node, yaml.SequenceNode):
            for position, item in enumerate(node.value):
                self.document.lines[*path, position] = item.start_mark.line + 1
                if item.tag == _NULL:
                    self._fault(item, "a list item has no value; give one or drop it")
            return [self.value(item, (*path, position), inner) for position, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: NodePath, inner: tuple[int, ...]) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(key_node, "a key must be plain text")
                continue
            key = key_node.value
            where = (*path, key)
            if key in built:
                first = self.document.lines[where]
                self._fault(key_node, f"key '{key}' is written twice (first on line {first}); keep one")
                continue
            self.document.lines[where] = key_node.start_mark.line + 1
            if value_node.tag == _NULL:
                self._fault(key_node, f"key '{key}' has no value; give one or drop the key")
            built[key] = self.value(value_node, where, inner)
        return built

    def _scalar(self, node: yaml.ScalarNode) -> str | bool | None:
        if node.tag not in _PLAIN_TAGS:
            self._fault(node, f"tag '{node.tag}' is not supported; write a plain value")
            return None
        if node.tag == _NULL:
            return None
        text: str = node.value
        if node.tag == _BOOL and node.style is None:
            return _BOOLEANS.get(text.lower(), text)
        return text

    def _fault(self, node: yaml.Node, message: str) -> None:
        self.faults.append(Fault(self.document.file, node.start_mark.line + 1, message))
