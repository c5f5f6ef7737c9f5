"""How long a test waits for what must happen."""

PATIENCE = 300
"""Seconds. Only what never happens takes so long: a test that gives up earlier fails where a machine has much to do."""
