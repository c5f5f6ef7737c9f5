"""Make the packages known before pytest meets the folders of the same names at the repository's root.

In importlib mode it would otherwise take `sensor_manager/` and `server_app/` themselves for namespace packages.
"""

import sensor_manager as _sensor_manager
import server_app as _server_app

__all__ = ["_sensor_manager", "_server_app"]
