"""Why the server could not be asked."""


class ServerError(Exception):
    """No usable answer came; the message says what happened and what to do.

    Attributes:
        status: the answer's HTTP status; None when there was no answer.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
