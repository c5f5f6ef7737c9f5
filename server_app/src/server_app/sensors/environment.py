from server_app.context import context
from server_app.sensors.effective import Environment


def environment() -> Environment:
    """What sensors live by where neither they nor the system-wide settings say anything."""
    settings = context().settings
    return Environment(settings.poll_interval, settings.public_url)
