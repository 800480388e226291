"""The error of everything that reads or converts weights."""


class CheckpointError(ValueError):
    """A file of weights cannot be used; the message says why, what to do."""
