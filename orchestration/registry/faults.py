"""What is wrong with a company folder: faults with file and line, collected and reported together.

Nothing here decides what a fault is; the readers and checks of this package do.
"""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """One fault. ``file`` is relative to the company folder, ``line`` counts from 1."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class RegistryError(Exception):
    """A company folder that cannot be used; ``str()`` is one ``file:line: message`` per fault."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = sorted(set(faults))
        super().__init__("\n".join(map(str, self.faults)))
