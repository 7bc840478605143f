"""Methods of the extension object that a request of the user calls."""
