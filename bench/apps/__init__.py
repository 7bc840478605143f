"""The host apps, one a side: the same routes, database, sessions, CSRF protection, bcrypt cost."""
