"""The names of what the worker does for sensors; the web process enqueues them."""

SIGN = "sign-sensor-certificate"
RENEW = "renew-sensor-certificate"
