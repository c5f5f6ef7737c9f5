"""The catch-all honeypot: whoever touches a port that nobody else serves is recorded and answered.

What the sockets see goes through `tracker` (pure: contacts, scans and their bounds) to the adapter's outbox.
"""
