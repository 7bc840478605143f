"""Translation of sentences into the language of the request."""
