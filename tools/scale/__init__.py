"""Measure the portal with very many accounts, on each database server: `python -m tools.scale`."""
