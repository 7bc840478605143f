"""The kinds of second factor, one object a kind; pure as `core`."""
