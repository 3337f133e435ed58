"""One run at a time in a home, one delivery of alerts at a time. A lock belongs to the open file, so that a killed
process releases it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HomeIsBusy(Exception):
    """Another process runs in this home."""


class HomeNotWritable(Exception):
    """The home is a file, or a folder that this user cannot write to."""


@contextmanager
def home_lock(path: Path) -> Iterator[None]:
    """Hold the lock file at ``path``; raises :class:`HomeIsBusy` at once when another live process holds it, and
    :class:`HomeNotWritable` where no file can be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        why = "is a file" if path.parent.is_file() else f"cannot be written to ({os.strerror(error.errno or 0)})"
        raise HomeNotWritable(f"{path.parent} {why}; name a folder for the results with --home") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode().strip() or "unknown"
            raise HomeIsBusy(
                f"another run (process {holder}) is working in {path.parent}; wait for it, or use another --home"
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


@contextmanager
def in_turn(path: Path) -> Iterator[None]:
    """Hold the lock file at ``path``, after whoever holds it now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
