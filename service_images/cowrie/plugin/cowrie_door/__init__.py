"""Who is let in to cowrie, who is turned away, and with which host keys it shows itself."""
