from enum import StrEnum


class Purpose(StrEnum):
    """What an uploaded archive is for. Each has a kind of task that checks it and works it in."""

    SERVICE = "service"
    FIRMWARE = "firmware"

    @property
    def task(self) -> str:
        """The type of that task. Its parameters are `file` and, if it was announced, `sha256`."""
        return f"add-{self.value}"
