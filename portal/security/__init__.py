"""Headers, encryption at rest, the network throttle and database settings."""
