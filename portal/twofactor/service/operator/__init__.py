"""Use cases for operators."""
