"""How the site is built: `make docs`, warnings are errors."""

from importlib.metadata import version as version_of

project = "Two-factor authentication for Flask"
author = "the maintainers"
version = release = version_of("flask-portal-twofactor")
language = "en-GB"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["pictures/*.md"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
# What docstrings and signatures name of Flask, SQLAlchemy and the private modules has no page here.
nitpick_ignore_regex = [("py:.*", ".*")]
# The exchanges of the API page are more than one HTTP message each.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = "portal.twofactor"
html_show_copyright = False
