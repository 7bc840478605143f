"""The wiring of one application: state, options of the host, checks at the start."""
