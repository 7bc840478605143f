"""Digests of random tokens: a table holds the digest, so a stolen copy of it opens nothing."""

import hashlib


def digest(token: str) -> str:
    """Return the SHA-256 of a token of at least 128 random bits, in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
