from werkzeug.routing import BaseConverter

from server_app.fields import MAX_ROW_ID

DIGITS = len(str(MAX_ROW_ID))


class RowNumberConverter(BaseConverter):
    """Numbers in paths. Beyond what a database can count there is nothing, which the last number stands for."""

    regex = r"\d+"

    def to_python(self, value: str) -> int:
        """A number that every database takes."""
        return min(int(value), MAX_ROW_ID) if len(value) <= DIGITS else MAX_ROW_ID

    def to_url(self, value: int) -> str:
        """The number as it is written in paths."""
        return str(value)
