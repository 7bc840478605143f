"""Use cases of the help desk: what agents do for users, within limits and on record."""
