"""Headers, sealing, network throttle and database settings."""
