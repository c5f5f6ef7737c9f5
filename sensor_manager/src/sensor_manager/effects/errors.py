"""What goes wrong outside of the manager."""


class EffectError(Exception):
    """An action did not work; the message says what happened and what to do, and is shown to the operator."""


class NetfilterError(EffectError):
    """Netfilter rules could not be set: no honeypot may run."""
