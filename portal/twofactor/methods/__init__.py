"""Second factors: TOTP and the recovery code. No Flask, no SQLAlchemy."""
