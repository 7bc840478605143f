"""Sessions and requests that came past the second step, where it is mandatory."""
