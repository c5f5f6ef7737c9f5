class BenchError(Exception):
    """A measurement could not be made; the message says what to do."""
