"""Options of `init_app` about the looks of the pages, with their checks."""
