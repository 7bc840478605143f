"""Names that people read outside the application."""
