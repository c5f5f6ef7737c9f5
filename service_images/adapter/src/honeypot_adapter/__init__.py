"""What every honeypot needs to hand its events to the sensor; standard library only.

The path of an event: a honeypot's own log (`logfile`) or sockets → an adapter's mapping to `Observation` → sessions and
bundles (`bundler`) → the outbox on the container's tmpfs (`outbox`) → the sensor's socket (`delivery`).
"""
