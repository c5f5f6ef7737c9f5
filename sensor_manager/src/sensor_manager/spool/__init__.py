"""The way of an event: collector (socket of the honeypot), store (disk), uploader (server)."""
