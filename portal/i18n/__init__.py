"""Languages and formats of the portal."""
