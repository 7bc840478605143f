"""Tables and the only SQL of this package (SQLAlchemy Core)."""
