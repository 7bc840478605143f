"""Use cases for web, JSON and commands. Each is one function and usually one transaction."""
