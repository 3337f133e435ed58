"""Append-only journals: files of lines that are added with one write, synced, and never changed, safe for kills.

The newline commits: what a killed writer left behind the last one is ignored by readers and cut off by the next writer. One
writer at a time: callers hold a lock of their own.
"""

import os
from collections.abc import Iterator
from pathlib import Path


def committed_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Number and content of every committed line, in order; nothing where there is no file."""
    if path.exists():
        committed, _, _ = path.read_bytes().rpartition(b"\n")
        yield from enumerate(committed.splitlines(), 1)


def append(path: Path, lines: bytes) -> None:
    """Add ``lines``, which end with a newline, all or nothing. Raises OSError where they could not be written whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        before = _cut_off(handle, path)
        written = os.write(handle, lines)
        if written != len(lines):
            os.ftruncate(handle, before)
            raise OSError(f"{path}: only {written} of {len(lines)} bytes could be written; nothing was added")
        os.fsync(handle)
    finally:
        os.close(handle)
    if is_new:
        _sync_folder(path.parent)


def _cut_off(handle: int, path: Path) -> int:
    """Cut off what a killed writer left behind the last newline; the size that stays."""
    size = os.fstat(handle).st_size
    if size and os.pread(handle, 1, size - 1) != b"\n":
        size = path.read_bytes().rfind(b"\n") + 1
        os.ftruncate(handle, size)
    return size


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
