"""Flags of a device's account of a ceremony (WebAuthn Level 3, 6.1), those that are looked at."""

# Somebody touched the device (UP); it checked finger, face or PIN (UV).
PRESENT, VERIFIED = 0x01, 0x04
# The passkey may be copied to other devices (BE); it is copied (BS).
SYNCABLE, SYNCED = 0x08, 0x10
# Of an app, beyond the eight bits of a device: it was added with a code, not with a passkey.
BY_CODE = 0x100
# Those that are stored with a passkey.
STORED = VERIFIED | SYNCABLE | SYNCED
