"""Setup of an application: state, options of the host, checks at the start."""
