"""Passkeys in requests: reading their answers, making challenges, and what pages show of them."""
