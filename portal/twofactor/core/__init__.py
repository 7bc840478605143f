"""Rules and values of two-factor authentication: pure, without Flask and without SQLAlchemy."""
