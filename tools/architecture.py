"""Draw the floors of the portal and of the blueprint in docs/architecture.md from the imports.

`python -m tools.architecture` writes the drawing; `--check` fails if it is out of date.
tests/packaging/test_layers.py checks the code against FLOORS.
"""

import argparse
import ast
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- made by: python -m tools.architecture -->", "<!-- end -->"
BLUEPRINT = "portal.twofactor"
WIDTH = 100

# The modules and packages of each floor, the lowest first.
FLOORS = {
    BLUEPRINT: [
        ["engines"],
        ["core", "migrations", "needs"],
        ["methods", "i18n", "signals"],
        ["storage"],
        ["service"],
        ["app"],
        ["web", "cli", "metrics"],
        ["extension"],
        ["__init__"],
        ["testing"],
    ],
    "portal": [
        ["rules", "clock"],
        ["settings"],
        ["config", "i18n"],
        ["extensions"],
        ["models"],
        ["security"],
        ["sessions"],
        ["mail"],
        ["web"],
        ["validators"],
        ["account"],
        ["auth", "invoices", "demo"],
        ["cli"],
        ["app"],
        ["__init__"],
    ],
}


def name_of(path: Path) -> str:
    """Return the dotted name of a module."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {
    name_of(path): path
    for path in sorted((ROOT / "portal").rglob("*.py"))
    if "versions" not in path.parts and path.name != "env.py"
}
PACKAGES = {name for name, path in MODULES.items() if path.name == "__init__.py"}


@cache
def imports_of(module: str) -> frozenset[str]:
    """Return all imports of a module: at its head, in functions and for types."""
    package = module.split(".") if module in PACKAGES else module.split(".")[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *filter(None, [node.module])])
            names = {f"{source}.{alias.name}" for alias in node.names}
            found |= (names & MODULES.keys()) or {source}
    return frozenset(found - {module})


def house_of(module: str) -> str:
    """Return `portal.twofactor` for the blueprint's modules, `portal` for the others."""
    return BLUEPRINT if f"{module}.".startswith(f"{BLUEPRINT}.") else "portal"


def part_of(module: str) -> str:
    """Return the package or module of FLOORS that a module belongs to, e.g. `web`."""
    return module.removeprefix(house_of(module)).removeprefix(".").split(".")[0] or "__init__"


def rank_of(house: str, part: str) -> int:
    """Return the floor of a part.

    Raises:
        LookupError: the part is not in FLOORS.
    """
    for rank, floor in enumerate(FLOORS[house]):
        if part in floor:
            return rank
    raise LookupError(f"{house}.{part} is on no floor of FLOORS in tools/architecture.py")


def parts_below(house: str, part: str) -> list[str]:
    """Return the parts of the same house that a part imports, highest first."""
    below = {
        part_of(name)
        for module in MODULES
        if house_of(module) == house and part_of(module) == part
        for name in imports_of(module) & MODULES.keys()
        if house_of(name) == house and part_of(name) != part
    }
    order = [name for floor in FLOORS[house] for name in floor]
    return sorted(below, key=order.index, reverse=True)


def drawing(house: str) -> list[str]:
    """Return the lines of a house's drawing, highest floor first; each part has its imports."""
    rule = "+" + "-" * (WIDTH - 2) + "+"
    rows = [rule]
    for floor in reversed(FLOORS[house]):
        for part in floor:
            below = parts_below(house, part)
            head = f"{house} (what others import)" if part == "__init__" else part
            if f"{house}.{part}" in PACKAGES:
                head += "/"
            rows += [f"| {line:<{WIDTH - 4}} |" for line in wrapped(head, below)]
        rows.append(rule)
    return rows


def wrapped(head: str, below: list[str]) -> list[str]:
    """Return a part and its imports as lines of at most WIDTH - 4 characters."""
    lines, line = [], f"{head:<14}"
    for name in below:
        word = "itself" if name == "__init__" else name
        if len(line) + len(word) + 1 > WIDTH - 4:
            lines.append(line)
            line = " " * 14
        line += f" {word}" if line.strip() != head else f" -> {word}"
    return [*lines, line]


def page(text: str) -> str:
    """Return the page with the current drawings."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    drawn = [
        BEGIN,
        "",
        "The blueprint, `portal/twofactor/`:",
        "",
        "```text",
        *drawing(BLUEPRINT),
        "```",
        "",
        "The portal, `portal/`:",
        "",
        "```text",
        *drawing("portal"),
        "```",
        "",
        END,
    ]
    return before + "\n".join(drawn) + after


def main() -> int:
    """Write the page, or check it with `--check`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    text = PAGE.read_text(encoding="utf-8")
    fresh = page(text)
    if arguments.check:
        return int(text != fresh)
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
