from server_app.api_base.body import ApiModel
from server_app.fields import Name


class NewDivision(ApiModel):
    """A division to be made."""

    name: Name


class DivisionItem(ApiModel):
    """A division."""

    id: int
    name: str


class DivisionList(ApiModel):
    """All divisions the user sees."""

    items: list[DivisionItem]
    next: None = None
