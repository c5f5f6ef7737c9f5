"""The one contract between server, sensors and honeypots.

`v1` is what sensors and the server exchange over HTTPS, `honeypot` what honeypot adapters and service archives hand to
the sensor and the server, `sensor_config` the file a new sensor starts from. Within a version fields are only added,
and only optional ones: the samples of every release under `tests/samples` must parse for ever.

A sensor ignores fields it does not know. The server refuses them: it validates with `parse_strict`.
"""
