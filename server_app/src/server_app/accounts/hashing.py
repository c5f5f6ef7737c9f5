from hashlib import sha256


def token_hash(token: str) -> str:
    """What is stored of a random token: SHA-256 is enough where there is nothing to guess."""
    return sha256(token.encode()).hexdigest()
