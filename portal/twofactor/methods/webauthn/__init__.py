"""Passkeys and security keys (WebAuthn Level 3). No Flask, no SQLAlchemy.

Nothing of this package is loaded before the first passkey is used; `reading` alone knows the
library that reads the bytes.
"""
