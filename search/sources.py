"""Tells by our own source code when something that was made of a release has to be made anew.

What a row holds is decided by many modules: those that make it, and all they use of the contract. Nobody has to
remember to raise a number when one of them changes. It costs a rebuild too many when only a comment did.
"""

import ast
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

OURS = ("contract", "search")
_ROOT = Path(__file__).parents[1]


@cache
def source_key(*modules: str) -> str:
    """Names the state of the code of `modules` and of all they import of ours; another state has another name."""
    digest = sha256()
    for name, source in sorted(_sources(modules).items()):
        digest.update(f"{name}\n{len(source)}\n".encode())
        digest.update(source)
    return digest.hexdigest()[:16]


def _sources(modules: tuple[str, ...]) -> dict[str, bytes]:
    """The code of `modules` and of what they import, by name."""
    found: dict[str, bytes] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = read_source(name)
            waiting += _imported(found[name])
    return found


def _imported(source: bytes) -> Iterator[str]:
    """The modules of ours that a source names in its imports. Raises `ValueError` for one that is not written out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            raise ValueError("a relative import names no module; write it out")
        elif isinstance(node, ast.ImportFrom) and node.module:
            # "from search import rows" names a module, "from search.rows import Row" what is in one.
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] in OURS and _file(name).is_file())


def read_source(module: str) -> bytes:
    """The code of a module of ours."""
    return _file(module).read_bytes()


def _file(module: str) -> Path:
    return _ROOT.joinpath(*module.split(".")).with_suffix(".py")
