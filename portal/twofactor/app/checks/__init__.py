"""Checks of the host's setup, at the start and by `doctor`."""
