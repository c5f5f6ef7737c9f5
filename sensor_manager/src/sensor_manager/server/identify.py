"""Is it our server that answers?"""

from sensor_manager.server.client import ServerClient
from sensor_manager.server.errors import ServerError

PATH = "/api/system/identify"
EXPECTED = b"HoneySens"


def identify(client: ServerClient) -> None:
    """Make sure that the HoneySens server answers, not something between, such as a proxy with an error page.

    Raises:
        ServerError: nobody or somebody else answers.
    """
    response = client.get(PATH)
    if response.status != 200 or response.body.strip() != EXPECTED:  # noqa: PLR2004 - HTTP's OK
        raise ServerError(
            f"no HoneySens server answers {PATH} (status {response.status}); check its address and what is between",
            status=response.status,
        )
