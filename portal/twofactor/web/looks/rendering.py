"""Rendering, by Flask or by the host's function, and what our templates find in Jinja.

Classes, blocks and the sentences of a language are put in when a template is compiled, so they cost
nothing when it is rendered, see `spoken`.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Flask, current_app, render_template
from jinja2 import Environment, FileSystemLoader, TemplateNotFound, pass_context
from markupsafe import Markup

from ...app.host import Host
from ...app.looks.blocks import BLOCKS
from ...app.looks.roles import DEFAULT, STRUCTURE
from ...app.state import current_state, state_of
from ...i18n.language import language
from . import delimiters, spoken

PAGE = "twofactor/page.html"
_BLOCK = re.compile(r"(\{% (?:end)?block )(title|head|content)(?= %\})")
_TAG = re.compile(r"<title\b", re.IGNORECASE)
_DEEPEST = 9  # templates that extend each other


def render(template: str, **context: Any) -> str:
    """Return a rendered template of the blueprint, in the language of the request.

    Args:
        template: its name below `twofactor/`.
        context: its values.
    """
    state, name = current_state(), f"twofactor/{template}"
    if state.host.render is not render_template:
        return state.host.render(name, **context)  # the host finds the template itself
    environment = spoken.environment(current_app.jinja_env, language(), state.environments)
    return render_template(environment.get_template(name), **context)


def install(app: Flask, blueprint: Blueprint) -> None:
    """Give the application's Jinja environment what our templates need, and the templates."""
    host = state_of(app).host
    add_to(app.jinja_env, host.classes, host.csp_nonce)
    # Flask reads it once, when it looks for a template.
    blueprint.jinja_loader = Templates(str(blueprint.jinja_loader.searchpath[0]), host)  # type: ignore[union-attr]  # Flask makes a FileSystemLoader of `template_folder`


def add_to(
    environment: Environment,
    classes: Mapping[str, str] = DEFAULT,
    csp_nonce: Callable[[], str] | None = None,
) -> None:
    """Add the filters `twofactor_class` and `twofactor_nonce`, and let our templates escape values.

    Jinja applies a filter to a constant when it compiles a template, unless the filter takes the
    context. So a class is text of the compiled template, and without `csp_nonce` the nonce is, too.

    Args:
        environment: of the application.
        classes: classes of each role.
        csp_nonce: the host's function.
    """

    def class_of(roles: str, structure: str = "") -> Markup:
        """Return the attribute `class` of an element with one role or more."""
        named = roles.split()
        looks, own = [classes[role] for role in named], [STRUCTURE.get(role) for role in named]
        names = " ".join(filter(None, [*looks, *own, structure]))
        return Markup(' class="%s"') % names if names else Markup("")

    def no_nonce(_kind: str) -> Markup:
        return Markup("")

    @pass_context
    def nonce(_context: Any, _kind: str) -> Markup:
        """Return the attribute `nonce` of a script or a style sheet."""
        return Markup(' nonce="%s"') % csp_nonce() if csp_nonce else Markup("")

    environment.filters["twofactor_class"] = class_of
    environment.filters["twofactor_nonce"] = nonce if csp_nonce else no_nonce
    environment.filters[spoken.FILLED] = spoken.filled
    spoken.escape_ours(environment)


class Templates(FileSystemLoader):
    """The blueprint's templates for one host."""

    def __init__(self, folder: str, host: Host) -> None:
        super().__init__(folder)
        self._base, self._blocks = host.base_template, host.blocks
        options = repr((dict(host.classes), bool(host.csp_nonce)))
        is_default = host.classes == DEFAULT and not host.csp_nonce
        # A cache of compiled templates tells them apart by their source.
        digest = hashlib.sha256(options.encode()).hexdigest()[:16]
        self._mark = "" if is_default else f"{{# {digest} #}}"

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """Return a template; the blocks of `page.html` get the names of the host's.

        Jinja compiles it next, and asks only then whether it escapes values.
        """
        spoken.escape_ours(environment)
        source, path, is_current = super().get_source(environment, template)
        if template == PAGE:
            source = self._named(environment, source)
        # Before the sentences are put in, which may have any sign.
        source = delimiters.in_those_of(environment, source + self._mark)
        return spoken.source(environment, source), path, is_current

    def _named(self, environment: Environment, source: str) -> str:
        title = self._blocks["title"]
        if title and _holds_tag(environment, self._base, title):
            source = source.replace("{% block title %}", "{% block title %}<title>")
            source = source.replace("{% endblock title %}", "</title>{% endblock title %}")
        # What no base template has is never shown.
        names = {block: self._blocks[block] or f"twofactor_no_{block}" for block in BLOCKS}
        return _BLOCK.sub(lambda found: found[1] + names[found[2]], source)


def _holds_tag(environment: Environment, template: str, block: str) -> bool:
    """Return whether a block of a template, or of those that it extends, holds `<title>`."""
    begin, end = re.escape(environment.block_start_string), re.escape(environment.block_end_string)
    inner = re.compile(
        rf"{begin}[-+]?\s*block\s+{block}\b.*?{end}(.*?){begin}[-+]?\s*endblock", re.DOTALL
    )
    extends = re.compile(rf"{begin}-?\s*extends\s+[\"']([^\"']+)[\"']")
    for _level in range(_DEEPEST):
        try:
            source = environment.loader.get_source(environment, template)[0]  # type: ignore[union-attr]  # Flask gives each environment a loader
        except TemplateNotFound:
            return False  # Jinja names it when the page is rendered
        if any(map(_TAG.search, inner.findall(source))):
            return True
        if (parent := extends.search(source)) is None:
            return False
        template = parent[1]
    return False
