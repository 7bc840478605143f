"""The addresses of the blueprint's own pages that a mailed link leads to."""

from collections.abc import Callable

from flask import Flask, has_request_context, request, url_for

PAGE = "twofactor.undo_link"
START_OVER = "twofactor.start_over_link"
# The blueprint of the help desk, whose requests are not the owner's.
DESK = "twofactor_help_desk"


def address_of(app: Flask, page: str = PAGE) -> Callable[[str], str | None]:
    """Return a function that returns the address of a page by the token of its link.

    The address has the host of SERVER_NAME, or else of the request. A command has no request; then
    without SERVER_NAME no address is known. Nor is it at the help desk, unless TRUSTED_HOSTS is
    set: an agent could name a host that collects the tokens of customers. With SERVER_NAME, https
    and the prefix are those of the request where the settings name none, as in Flask's `url_for`.
    """

    def address(token: str) -> str | None:
        server = app.config.get("SERVER_NAME")
        if server:
            # Without its slash it would end the name of the host.
            root = f"/{app.config['APPLICATION_ROOT'].strip('/')}"
            scheme = app.config["PREFERRED_URL_SCHEME"]
            if has_request_context():
                root = request.root_path if root == "/" else root
                scheme = "https" if request.is_secure else scheme
            adapter = app.url_map.bind(server, root, url_scheme=scheme)
            return adapter.build(page, {"token": token}, force_external=True)
        if has_request_context() and (request.blueprint != DESK or app.config.get("TRUSTED_HOSTS")):
            return url_for(page, token=token, _external=True)
        return None

    return address
