"""cowrie that never opens a connection: names do not resolve and connections fail, both at once."""
