"""How the site is built: `make docs`, warnings are errors."""

from importlib.metadata import version as version_of

from portal.twofactor import signals

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
html_title = "flask-twofactor"
html_show_copyright = False


def list_signals(_app, page, source):
    """Name each signal in the reference; autodoc leaves out objects that have no docstring."""
    if page == "reference":
        names = "\n".join(f".. py:data:: {name}" for name in signals.BY_NAME)
        source[0] = source[0].replace(".. every signal", names)


def setup(app):
    """Register what this site adds to Sphinx."""
    app.connect("source-read", list_signals)
