"""What keeps the local stack from starting."""


class StackError(Exception):
    """The local stack cannot start. The message says why and what to do."""


class PortBusyError(StackError):
    """Another program listens on every port that may be taken."""
