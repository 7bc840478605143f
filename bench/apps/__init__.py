"""The host apps, one for each side, with equal routes, databases, sessions, CSRF and bcrypt."""
