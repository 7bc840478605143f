"""The HTTP layer: the guard, the pages, and the sentences of refusals."""
