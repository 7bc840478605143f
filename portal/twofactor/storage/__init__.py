"""Tables and SQL statements (SQLAlchemy Core). No other package has SQL."""
