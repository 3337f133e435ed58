"""What can go wrong between a source and its landed load: permanent failures (no retry helps) and transient ones, as types.

Every message names the source, and the file and line where there is one, and says what to do. No message ever carries a secret.
"""


class SourceError(Exception):
    """A source could not be read. ``source`` is its name in sources.yaml."""

    def __init__(self, source: str, message: str) -> None:
        super().__init__(f"{source}: {message}")
        self.source = source


class PermanentFailure(SourceError):
    """Trying again cannot help: a wrong key, a refused parameter, a broken contract."""


class TransientFailure(SourceError):
    """The provider stayed unavailable through every retry."""


class SchemaDrift(PermanentFailure):
    """The payload is not what the provider promises: a field is missing, a value is malformed."""


class MalformedMoney(SchemaDrift):
    """An amount that is not a decimal number."""


class CollapsedLoad(PermanentFailure):
    """A read returned far fewer rows than the load it would replace."""


class RejectedFile(PermanentFailure):
    """A file with rows that break its schema's rules, under ``on_reject: fail``."""
