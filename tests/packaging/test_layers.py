"""The floors of the portal and the blueprint: each imports only from the floors below."""

import sys

from tools.architecture import (
    BLUEPRINT,
    MODULES,
    PACKAGES,
    house_of,
    imports_of,
    part_of,
    rank_of,
)

# All that a host may import of the blueprint: docs/api.md.
PUBLIC = {
    BLUEPRINT,
    *(f"{BLUEPRINT}.{name}" for name in ("signals", "metrics", "migrations", "testing")),
}
WEB = {"flask", "flask_login", "flask_wtf", "flask_sqlalchemy", "werkzeug", "jinja2", "wtforms"}
PURE = WEB | {"sqlalchemy", "blinker", "click", "flask_babel"}
# Packages that a part must not know.
FORBIDDEN = {
    "portal.rules": PURE,
    f"{BLUEPRINT}.core": PURE,
    f"{BLUEPRINT}.methods": PURE,
    f"{BLUEPRINT}.i18n.catalogue": PURE,
    f"{BLUEPRINT}.storage": WEB | {"click"},
    f"{BLUEPRINT}.service": WEB | {"click"},
}
DECLARED = {
    *("alembic", "bcrypt", "blinker", "click", "cryptography", "flask", "flask_login"),
    *("flask_sqlalchemy", "flask_wtf", "itsdangerous", "jinja2", "markupsafe", "portal", "qrcode"),
    *("sqlalchemy", "werkzeug", "wtforms"),
}
# Packages of an extra, and the only part that imports them.
EXTRAS = {
    "i18n": {"babel", "flask_babel"},
    "methods.webauthn.reading": {"fido2"},
    "metrics": {"prometheus_client"},
    "testing": {"pytest"},
    "web.sheet": {"reportlab"},
}
MOST_MODULES, MOST_LINES = 12, 300


def of_each(names):
    """Make one test of a check of each; as tests of their own they would take ten times as long."""

    def made(check):
        def test():
            for name in names:
                check(name)

        test.__doc__ = check.__doc__
        return test

    return made


def inside(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def test_each_module_is_on_a_floor():
    assert f"{BLUEPRINT}.service.verification" in MODULES
    for module in MODULES:
        rank_of(house_of(module), part_of(module))


@of_each(MODULES)
def test_nothing_points_up(module):
    house, part = house_of(module), part_of(module)
    above = {
        name
        for name in imports_of(module) & MODULES.keys()
        if house_of(name) == house
        and part_of(name) != part
        and rank_of(house, part_of(name)) >= rank_of(house, part)
    }
    assert not above, f"{module} imports {sorted(above)}"


@of_each(MODULES)
def test_the_blueprint_can_be_lifted_out(module):
    """C-133"""
    ours = {name for name in imports_of(module) if inside(name, "portal")}
    wrong = {name for name in ours if house_of(name) != house_of(module)} - PUBLIC
    if house_of(module) == BLUEPRINT:
        wrong = {name for name in ours if house_of(name) == "portal"}
    assert not wrong, f"{module} imports {sorted(wrong)}"


@of_each(MODULES)
def test_a_part_knows_only_the_packages_that_it_may(module):
    tops = {name.split(".")[0] for name in imports_of(module)}
    for part, forbidden in FORBIDDEN.items():
        wrong = tops & forbidden if inside(module, part) else set()
        assert not wrong, f"{module} imports {sorted(wrong)}"
    if house_of(module) == BLUEPRINT:
        within = module.removeprefix(f"{BLUEPRINT}.")
        extra = {name for part in EXTRAS if inside(within, part) for name in EXTRAS[part]}
        undeclared = tops - DECLARED - extra - set(sys.stdlib_module_names)
        assert not undeclared, f"{module} imports {sorted(undeclared)}"


@of_each(sorted(PACKAGES))
def test_a_package_has_few_modules(package):
    there = [m for m in MODULES if m.rpartition(".")[0] == package and m not in PACKAGES]
    assert len(there) <= MOST_MODULES, f"{package}: {there}"


@of_each(MODULES)
def test_no_file_is_long(module):
    lines = len(MODULES[module].read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, module


def test_imports_run_in_no_circle():
    done: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path[path.index(module) :], module])
        if module not in done:
            for name in sorted(imports_of(module) & MODULES.keys()):
                walk(name, (*path, module))
            done.add(module)

    for module in MODULES:
        walk(module, ())
    assert done == MODULES.keys()
