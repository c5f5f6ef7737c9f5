"""Lists in pages: `?limit=&cursor=`; the answer has `items` and `next`. A cursor is opaque to clients."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import ColumnElement, Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from server_app.errors import FieldError, Invalid
from server_app.fields import MAX_ROW_ID

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PageRequest(BaseModel):
    """The query parameters of every paged list; `cursor` is `next` of the page before."""

    model_config = ConfigDict(frozen=True)

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None


@dataclass(frozen=True)
class Page[T]:
    """Some items and the cursor of those that follow, null at the end."""

    items: Sequence[T]
    next: str | None


def newest_first[T](
    session: Session,
    query: Select[T],
    order: tuple[InstrumentedAttribute[datetime], InstrumentedAttribute[int]],
    key: Callable[[T], tuple[datetime, int]],
    wanted: PageRequest,
) -> Page[T]:
    """One page by keyset: what comes after a row is found by its place in an index, however far down it is.

    Args:
        session: where to read.
        query: the filtered rows.
        order: the moment and the unique number that order them.
        key: the same two of a row.
        wanted: how many, and after which.

    Raises:
        Invalid: the cursor is none of ours.
    """
    if wanted.cursor is not None:
        query = query.where(_after(order, key_in(wanted.cursor)))
    rows = session.scalars(query.order_by(order[0].desc(), order[1].desc()).limit(wanted.limit + 1)).all()
    more = len(rows) > wanted.limit
    return Page(rows[: wanted.limit], cursor_of(key(rows[wanted.limit - 1])) if more else None)


def alphabetical[T](
    session: Session,
    query: Select[T],
    column: InstrumentedAttribute[str],
    key: Callable[[T], str],
    wanted: PageRequest,
) -> Page[T]:
    """One page by keyset, ordered by a unique text as the database sorts it.

    Args:
        session: where to read.
        query: the filtered rows.
        column: what orders them.
        key: the same of a row.
        wanted: how many, and after which.

    Raises:
        Invalid: the cursor is none of ours.
    """
    if wanted.cursor is not None:
        query = query.where(column > _decoded_text(wanted.cursor))
    rows = session.scalars(query.order_by(column).limit(wanted.limit + 1)).all()
    more = len(rows) > wanted.limit
    return Page(rows[: wanted.limit], _encoded_text(key(rows[wanted.limit - 1])) if more else None)


def _encoded_text(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decoded_text(cursor: str) -> str:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError as error:
        raise _no_cursor() from error
    if "\0" in text:  # PostgreSQL has no such texts
        raise _no_cursor()
    return text


def _after(
    order: tuple[InstrumentedAttribute[datetime], InstrumentedAttribute[int]], last: tuple[datetime, int]
) -> ColumnElement[bool]:
    return tuple_(*order) < tuple_(*last)


def cursor_of(key: tuple[datetime, int]) -> str:
    """The cursor of what follows the row with this moment and number."""
    microseconds = (key[0] - EPOCH) // timedelta(microseconds=1)
    return _encoded_text(f"{microseconds}.{key[1]}")


def key_in(cursor: str) -> tuple[datetime, int]:
    """The moment and number of a cursor.

    Raises:
        Invalid: the cursor is none of ours.
    """
    try:
        microseconds, number = (int(part) for part in _decoded_text(cursor).split("."))
        moment = EPOCH + timedelta(microseconds=microseconds)
    except (ValueError, OverflowError) as error:
        raise _no_cursor() from error
    if not 0 < number <= MAX_ROW_ID:
        raise _no_cursor()
    return moment, number


def _no_cursor() -> Invalid:
    reason = FieldError("/cursor", "not a cursor of this list")
    return Invalid("The cursor is not one of this server's. Start again without it.", (reason,))
