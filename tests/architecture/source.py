"""The project's own source, parsed once, and the small questions that the rules ask of it."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("billing_pipeline", "stripe_simulator", "assets", "sensors", "resources")


@dataclass(frozen=True, slots=True)
class Module:
    """One file. name: dotted, such as billing_pipeline.domain.money. lines: how many."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    @property
    def shown(self) -> str:
        return str(self.path.relative_to(ROOT))

    def excused(self, line: int) -> bool:
        """Whether `# long because ...` stands in that line, the one above it or, for line 0, anywhere at the top."""
        near = self.text.splitlines()[max(0, line - 2) : line + 1] if line else self.text.splitlines()[:30]
        return any("# long because " in text for text in near)


def module_of(path: Path) -> Module:
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    text = path.read_text()
    return Module(dotted, path, text, ast.parse(text, filename=str(path)))


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Every Python file below those folders of the project; all packages when none is named."""
    found = [path for folder in folders or PACKAGES for path in sorted((ROOT / folder).rglob("*.py"))]
    return tuple(module_of(path) for path in found)


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything that the module imports, wherever it stands; relative names made absolute."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.name.split(".")[: None if module.path.name == "__init__.py" else -1]
                base = ".".join([*package[: len(package) - node.level + 1], base]).rstrip(".")
            yield node.lineno, base
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How long the function is, its docstring and decorators left out."""
    documentation = ast.get_docstring(function, clean=False)
    total = (function.end_lineno or function.lineno) - function.lineno + 1
    return total - (documentation.count("\n") + 1 if documentation else 0)


def is_standard(name: str) -> bool:
    return name.split(".")[0] in sys.stdlib_module_names


def below(name: str, *packages: str) -> bool:
    """Whether that dotted name is one of the packages or inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def told(found: list[str]) -> str:
    """All findings, one a line, for the reader of a failed test."""
    return "\n" + "\n".join(found)
