"""Brings a server's objects to a declared state, through its API."""
