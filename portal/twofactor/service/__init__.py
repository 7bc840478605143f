"""The use cases: one function each, each one transaction; called alike by web, JSON and CLI."""
