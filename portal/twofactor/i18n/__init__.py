"""Sentences in the language of the request."""
