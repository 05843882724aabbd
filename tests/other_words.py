"""A pytest plugin (`-p other_words`): every other library words its errors differently, as its next release may.

What canvass imports from then on is instrumented: each `except ... as error` first changes the words of an error that
was not raised by a `raise` of canvass. A test that fails under this plugin and passes without it rests on somebody
else's wording.
"""

import ast
import contextlib
import dis
import importlib.machinery
import os
import sys
from pathlib import Path

SOURCE = str(Path(__file__).parent.parent / "src" / "canvass")
WORDS = "worded differently"
ATTRIBUTES = ("msg", "message", "problem", "context", "reason", "strerror", "verify_message")
RAISING = {dis.opmap["RAISE_VARARGS"], dis.opmap["RERAISE"]}


def reword(error):
    """Change the words of an error that is not canvass's own; what is no wording (a key, a number) stays."""
    # The arguments of these are data, not words; those of the system are the same for every release of a library.
    if isinstance(error, LookupError | UnicodeError) or is_ours(error) or is_of_the_system(error):
        return
    error.args = tuple(WORDS if isinstance(value, str) else value for value in error.args)
    for name in ATTRIBUTES:
        if isinstance(getattr(error, name, None), str):
            with contextlib.suppress(AttributeError):  # a property of others, as HTTPError.reason
                setattr(error, name, WORDS)


def is_of_the_system(error):
    return isinstance(error, OSError) and bool(error.errno) and error.strerror == os.strerror(error.errno)


def is_ours(error):
    """Tell whether a statement of canvass raised the error, rather than a function that it called."""
    if type(error).__module__.partition(".")[0] == "canvass":
        return True
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None or not last.tb_frame.f_code.co_filename.startswith(SOURCE):
        return False
    return last.tb_frame.f_code.co_code[last.tb_lasti] in RAISING


class Instrument(ast.NodeTransformer):
    def visit_ExceptHandler(self, node):
        self.generic_visit(node)
        if node.name:
            call = ast.parse(f"__import__('other_words').reword({node.name})").body[0]
            for part in ast.walk(call):
                ast.copy_location(part, node)
            node.body.insert(0, call)
        return node


class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname):
        # Without the cache of byte code, which belongs to the source as it is.
        return self.source_to_code(self.get_data(self.path), self.path)

    def source_to_code(self, data, path, **options):
        return compile(Instrument().visit(ast.parse(data)), path, "exec", dont_inherit=True)


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] != "canvass":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = Loader(spec.loader.name, spec.loader.path)
        return spec


def pytest_configure():
    assert not any(name.partition(".")[0] == "canvass" for name in sys.modules), "canvass is imported already"
    sys.meta_path.insert(0, Finder)
