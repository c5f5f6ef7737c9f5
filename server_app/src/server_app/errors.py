"""What services refuse, and why. The HTTP layer turns each into a problem document."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """One offending field: an RFC 6901 pointer into the body (empty: the whole of it) and what is wrong with it."""

    pointer: str
    reason: str


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault of the server
    """A request that cannot be granted. `detail` says what happened and what to do."""

    status = 400

    def __init__(self, detail: str, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class Invalid(Refusal):
    """The request itself is wrong; `errors` names the fields."""


class Unauthenticated(Refusal):
    """Nobody is logged in, or no client certificate came with the request."""

    status = 401


class Forbidden(Refusal):
    """It is known who asks, and it is not for them."""

    status = 403


class NotFound(Refusal):
    """There is no such thing, or none that the asking user may know of."""

    status = 404


class Conflict(Refusal):
    """It contradicts what is there."""

    status = 409


class TooLarge(Refusal):
    """The body is larger than this address accepts."""

    status = 413


class Unprocessable(Refusal):
    """It is understood, but cannot be done as it is."""

    status = 422


class Throttled(Refusal):
    """Too many attempts; `retry_after` is in seconds."""

    status = 429

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(Refusal):
    """Something this needs is not there at the moment; `retry_after` is in seconds."""

    status = 503

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class OutOfSpace(Refusal):
    """There is no room for it on the disk."""

    status = 507
