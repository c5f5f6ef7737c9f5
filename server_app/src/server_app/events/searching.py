"""Lists by conditions that no index holds in the order of the list, on PostgreSQL: words, and ranges of addresses.

The first rows of the list are looked through, whatever they are: what is common is among them. What is rare is then
found by an index of its own, and put in order. Neither depends on a guess how many rows there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, Text, and_, cast, func, or_, select, true
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from server_app.events.addresses import AddressRange
from server_app.events.conditions import Conditions, Table, moment_of
from server_app.events.wanted import Order
from server_app.events.words import wanted_words

FIRST = 2000
"""Rows that are looked through for words before their index is asked."""
FIRST_OF_RANGE = 10_000
"""The same for a range of addresses, whose index is asked for each address by itself: it should not be many."""


@dataclass(frozen=True)
class Search:
    """What is looked for.

    Attributes:
        table: of what.
        text: has the words, if some are wanted.
        conditions: such as an index holds in the order of the list.
        fits: all others.
        source: the range of addresses, if one is wanted; `fits` holds it, too.
        shelf: the one of the conditions that all indexes share.
        order: of the list.
        limit: how many are wanted.
    """

    table: Table
    text: str | None
    conditions: Conditions
    fits: Conditions
    order: Order
    limit: int
    source: AddressRange | None = None
    shelf: ColumnElement[bool] = field(default_factory=true)


def found(session: Session, search: Search) -> Sequence[Any]:
    """Moments and numbers of the rows."""
    rows = _among_the_first(session, search)
    if rows is None:
        rows = session.execute(_by_words(search, search.text) if search.text else _by_address(search)).all()
    return rows


def ordered(moment: ColumnElement[Any], number: ColumnElement[Any], order: Order) -> list[ColumnElement[Any]]:
    """What a list is ordered by."""
    return [moment, number] if order is Order.OLDEST else [moment.desc(), number.desc()]


def with_words(table: Table, text: str, conditions: Conditions) -> Select[Any]:
    """The numbers of all rows that have the words and meet conditions such as an index holds in the order of a list."""
    search = Search(table, text, conditions, [], Order.NEWEST, 0)
    spans = _spans(search)
    rows = select(table.id.label("number")).where(_has(search, text, spans), and_(*conditions).is_(True)).lateral()
    return select(rows.c.number).select_from(spans.join(rows, true())).where(spans.c.number.is_not(None))


def _among_the_first(session: Session, search: Search) -> Sequence[Any] | None:
    """Those of the first rows that fit; None when they are not enough, and more could follow."""
    order = _order(search)
    place, most = func.row_number().over(order_by=order).label("place"), FIRST if search.text else FIRST_OF_RANGE
    columns = *_keys(search), place, and_(*search.fits).label("fits")
    first = select(*columns).where(*search.conditions).order_by(*order).limit(most).subquery()
    # In the order that they have already: no more of them are read than are needed.
    order = ordered(first.c.moment, first.c.number, search.order)
    wanted = select(*first.c).where(or_(first.c.fits, first.c.place == most)).order_by(*order).limit(search.limit)
    rows = session.execute(wanted).all()
    if len(rows) < search.limit and rows and rows[-1].place == most:
        return None
    return [row for row in rows if row.fits]


def _by_address(search: Search) -> Select[Any]:
    """Of each address in the range as many as are wanted: there may be millions of rows, but few addresses."""
    addresses = _addresses(search)
    conditions = search.table.source_ip == addresses.c.address, *search.conditions, *search.fits
    rows = select(*_keys(search)).where(*conditions).order_by(*_order(search)).limit(search.limit).lateral()
    whole = select(*rows.c).select_from(addresses.join(rows, true()))
    return whole.order_by(*ordered(rows.c.moment, rows.c.number, search.order)).limit(search.limit)


def _addresses(search: Search) -> CTE:
    """The addresses in the range of which there are rows, one look into the index for each; then null."""
    column, between = search.table.source_ip, search.source
    within = [search.shelf] if between is None else [search.shelf, column <= between.high]

    def first(*beyond: ColumnElement[bool]) -> ColumnElement[Any]:
        return select(column).where(*within, *beyond).order_by(column).limit(1).scalar_subquery()

    lowest = [] if between is None else [column >= between.low]
    addresses = select(first(*lowest).label("address")).cte("addresses", recursive=True)
    address = addresses.c.address
    return addresses.union_all(select(first(column > address)).where(address.is_not(None)))


def _by_words(search: Search, text: str) -> Select[Any]:
    """Span by span of the index of words, until there are enough."""
    spans = _spans(search)
    # As one condition that no other index knows: those would be worse for some values, and nothing tells which.
    others = and_(*search.conditions, *search.fits).is_(True)
    within = select(*_keys(search)).where(_has(search, text, spans), others).order_by(*_order(search))
    rows = within.limit(search.limit).lateral()
    whole = select(*rows.c).select_from(spans.join(rows, true())).where(spans.c.number.is_not(None))
    return whole.limit(search.limit)  # the spans come in the order of the list, and only as many as are needed


def _spans(search: Search) -> CTE:
    """The numbers of the spans in which there are rows, in the order of the list; then null."""
    moment, newest = moment_of(search.table), search.order is Order.NEWEST
    end = func.max(moment) if newest else func.min(moment)

    def span(*beyond: ColumnElement[bool]) -> ColumnElement[int]:
        return func.event_span(select(end).where(*search.conditions, *beyond).scalar_subquery())

    spans = select(span().label("number")).cte("spans", recursive=True)
    number = spans.c.number
    beyond = moment < func.event_span_start(number) if newest else moment >= func.event_span_start(number + 1)
    return spans.union_all(select(span(beyond)).where(number.is_not(None)))


def _has(search: Search, text: str, spans: CTE) -> ColumnElement[bool]:
    words = " & ".join(f"'#.{word}':*" for word in wanted_words(text))
    query = cast(func.replace(words, "#", cast(spans.c.number, Text)), TSQUERY)
    return func.event_words(moment_of(search.table), search.table.words).op("@@")(query)


def _keys(search: Search) -> tuple[ColumnElement[Any], ...]:
    return moment_of(search.table).label("moment"), search.table.id.label("number")


def _order(search: Search) -> list[ColumnElement[Any]]:
    return ordered(moment_of(search.table).expression, search.table.id.expression, search.order)
