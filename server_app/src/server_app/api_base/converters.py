from werkzeug.routing import IntegerConverter, Map

from server_app.fields import MAX_ROW_ID


class RowNumberConverter(IntegerConverter):
    """Numbers in paths, as far as a database can count; beyond that there is nothing, so the path is not found."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=MAX_ROW_ID)
