"""Answers to a challenge: 6-digit codes, recovery codes and the assertions of passkeys."""

from .codes import ALPHABET, GROUP, SYMBOLS, Code, RecoveryCode, kept, read
from .passkeys import Assertion, ClientData, Registration

Answer = Code | RecoveryCode | Assertion

__all__ = [
    "ALPHABET",
    "GROUP",
    "SYMBOLS",
    "Answer",
    "Assertion",
    "ClientData",
    "Code",
    "RecoveryCode",
    "Registration",
    "kept",
    "read",
]
