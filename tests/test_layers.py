"""Data flows one way: each package imports only those before it, and no two modules import each other."""

import ast
import graphlib
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "canvass"
# Each may import those in the lines above its own, and what is beside it in its line.
LAYERS = (
    ("errors", "types", "seeding", "files", "clock", "processors", "compiled", "machine", "archive"),
    ("corpus",),
    ("features",),
    ("metrics", "statistics"),
    ("models",),
    ("strategies",),
    ("evaluation",),
    ("selection",),
    ("simulation",),
    ("annotation",),
    ("report",),
    ("integrations",),
    ("cli",),
)
# The rooms of annotation, each importing only itself and those before it.
ROOMS = ("store", "project", "quality", "rounds", "exchange", "web")
# Readable twins are for tests and docs only.
TWINS = {"features.reference", "models.crf.reference"}
# Modules that name each other, with the reason.
CYCLES: tuple[set[str], ...] = ()


def module_name(path: Path) -> str:
    parts = list(path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# The package itself re-exports what users import, from any layer.
MODULES = {module_name(path): path for path in sorted(SOURCE.rglob("*.py")) if module_name(path)}


def imports_of(module: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}".removeprefix("canvass.")
                names.add(inner if inner in MODULES else node.module or "")
    return {name.removeprefix("canvass.") for name in names} & set(MODULES) - {module}


def layer_of(module: str) -> int:
    package = module.partition(".")[0]
    layers = [number for number, packages in enumerate(LAYERS) if package in packages]
    assert layers, f"{package} has no layer"
    return layers[0]


@pytest.mark.parametrize("module", MODULES)
def test_imports_follow_the_layers(module):
    later = {name for name in imports_of(module) if layer_of(name) > layer_of(module)}
    assert not later, f"{module} imports {sorted(later)}, which come after it"
    assert not imports_of(module) & TWINS, f"{module} imports a readable twin"


def room_of(module: str) -> int | None:
    package, _, rest = module.partition(".")
    return ROOMS.index(rest.partition(".")[0]) if package == "annotation" and rest else None


@pytest.mark.parametrize("module", [module for module in MODULES if room_of(module) is not None])
def test_the_rooms_of_annotation_are_layers(module):
    rooms = {name: room_of(name) for name in imports_of(module)}
    later = {name for name, room in rooms.items() if room is not None and room > room_of(module)}
    assert not later, f"{module} imports {sorted(later)}, which come after it"


def test_no_two_modules_import_each_other():
    # A package re-exports what is inside it, so only modules are compared.
    modules = {module for module, path in MODULES.items() if path.name != "__init__.py"}
    graph = {module: imports_of(module) & modules for module in modules}
    for cycle in CYCLES:
        for module in cycle:
            graph[module] -= cycle
    graphlib.TopologicalSorter(graph).prepare()


def test_what_is_named_here_exists():
    names = {module.partition(".")[0] for module in MODULES}
    assert names == {package for packages in LAYERS for package in packages}
    assert TWINS | set().union(*CYCLES) <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_no_module_is_too_long(module):
    assert len(MODULES[module].read_text().splitlines()) < 600
