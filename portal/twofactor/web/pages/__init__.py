"""The blueprint's own pages."""
