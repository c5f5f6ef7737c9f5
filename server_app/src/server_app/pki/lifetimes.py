"""How long certificates live, and how much before their end something is done."""

from datetime import timedelta

AUTHORITY = timedelta(days=3650)
SERVER = timedelta(days=397)
AUTHORITY_RENEWAL = timedelta(days=730)
"""How long before its end an authority is followed by the next: longer than anything it signs lives."""
CLOCK_SKEW = timedelta(minutes=10)
"""Certificates begin a little before they are made: a sensor's clock may be late."""
REVOCATION_LIST = timedelta(days=30)
REVOCATION_LIST_RENEWAL = timedelta(days=29)
"""Lists of revoked certificates are made anew when less than this is left: once a day."""
EXPIRING = {"sensor": timedelta(days=15), "server": timedelta(days=30), "authority": timedelta(days=365)}
"""A certificate of this kind should have been followed by another when less than this is left."""
