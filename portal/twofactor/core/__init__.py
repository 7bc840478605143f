"""Rules and values of two-factor authentication, without Flask and without SQLAlchemy."""
