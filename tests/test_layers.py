"""Data flows one way: each package imports only those before it, and no two modules import each other."""

import ast
import functools
import graphlib
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "canvass"
# Each may import those in the lines above its own, and what is beside it in its line.
LAYERS = (
    (
        "errors",
        "types",
        "seeding",
        "files",
        "clock",
        "processors",
        "compiled",
        "machine",
        "archive",
        "callables",
    ),
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
ROOMS = ("store", "project", "quality", "assistant", "rounds", "exchange", "web")
# Readable twins are for tests and docs only.
TWINS = {"features.reference", "models.crf.plain_crf"}


def module_name(path: Path) -> str:
    parts = list(path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# The package itself re-exports what users import, from any layer.
MODULES = {module_name(path): path for path in sorted(SOURCE.rglob("*.py")) if module_name(path)}


@functools.cache
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


def test_imports_follow_the_layers():
    against = [
        (module, name)
        for module in MODULES
        for name in imports_of(module)
        if layer_of(name) > layer_of(module)
    ]
    assert not against, "the second comes after the first, which imports it"


def test_no_module_imports_a_readable_twin():
    assert not [module for module in MODULES if imports_of(module) & TWINS]


def room_of(module: str) -> int | None:
    package, _, rest = module.partition(".")
    return ROOMS.index(rest.partition(".")[0]) if package == "annotation" and rest else None


def test_the_rooms_of_annotation_are_layers():
    rooms = {module: room for module in MODULES if (room := room_of(module)) is not None}
    against = [
        (module, name)
        for module in rooms
        for name in imports_of(module)
        if rooms.get(name, -1) > rooms[module]
    ]
    assert not against, "the second comes after the first, which imports it"


def test_no_two_modules_import_each_other():
    # A package re-exports what is inside it, so only modules are compared.
    modules = {module for module, path in MODULES.items() if path.name != "__init__.py"}
    graph = {module: imports_of(module) & modules for module in modules}
    graphlib.TopologicalSorter(graph).prepare()


def test_what_is_named_here_exists():
    names = {module.partition(".")[0] for module in MODULES}
    assert names == {package for packages in LAYERS for package in packages}
    assert set(MODULES) >= TWINS


def test_no_module_is_too_long():
    assert not [module for module, path in MODULES.items() if len(path.read_text().splitlines()) >= 600]
