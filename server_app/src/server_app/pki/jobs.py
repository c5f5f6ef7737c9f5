"""The names of what the worker does with certificates; the web process enqueues them."""

UPKEEP = "keep-certificates"
CHANGE_AUTHORITY = "change-authority"
INSTALL = "install-server-certificate"
INCOMING = "incoming-"
"""Files in the data folder with what `INSTALL` is to install begin with it."""
