"""Pages and endpoints that belong to no area of the portal."""
