"""Errors, health, metrics, logs and other parts outside the areas of the portal."""
