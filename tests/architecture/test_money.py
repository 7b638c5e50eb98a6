"""No float near money: not as a type, not as a literal, not by division."""

import ast
import re

from tests.architecture.source import Module, modules, told

MONEY = re.compile(r"(^|_)(minor|amount|price|total|balance|fee|net|tax|paid|credit|debit)(_|$)")


def float_annotations(module: Module) -> list[str]:
    """Every annotation that allows a float under a name that means money."""
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.arg) and node.annotation and MONEY.search(node.arg):
            found += [f"{module.shown}:{node.lineno} {node.arg}"] * has_float(node.annotation)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and MONEY.search(node.target.id):
            found += [f"{module.shown}:{node.lineno} {node.target.id}"] * has_float(node.annotation)
        if isinstance(node, ast.FunctionDef) and node.returns and MONEY.search(node.name):
            found += [f"{module.shown}:{node.lineno} {node.name}"] * has_float(node.returns)
    return found


def has_float(annotation: ast.expr) -> bool:
    return bool(re.search(r"\b(float|Decimal)\b", ast.unparse(annotation)))


def float_arithmetic(module: Module) -> list[str]:
    """Every true division, float() and float literal. `//` and Fraction are how shares are made."""
    found = []
    excused = {id(part) for node in ast.walk(module.tree) if measures_time(node) for part in ast.walk(node)}
    for node in ast.walk(module.tree):
        if id(node) in excused:
            continue
        divides = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and "Path" not in ast.unparse(node)
        converts = isinstance(node, ast.Call) and ast.unparse(node.func) == "float"
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        if divides or converts or literal:
            found.append(f"{module.shown}:{node.lineno} {ast.unparse(node)}")
    return found


def measures_time(node: ast.AST) -> bool:
    """Whether that is a function that says it returns a float, and whose name says it is a duration."""
    return (
        isinstance(node, ast.FunctionDef) and bool(node.returns) and bool(re.search(r"seconds|hours|days", node.name))
    )


def parsed(text: str) -> Module:
    here = modules("tests/architecture")[0]
    return Module("sample", here.path, text, ast.parse(text))


def test_no_name_that_means_money_may_hold_a_float():
    checked = modules()

    found = [line for module in checked for line in float_annotations(module)]

    assert len(checked) > 20
    assert not found, told(found)


def test_the_domain_does_no_float_arithmetic():
    checked = modules("billing_pipeline/domain")

    found = [line for module in checked for line in float_arithmetic(module)]

    assert len(checked) > 4
    assert not found, told(found)


def test_the_rules_catch_a_float():
    assert float_annotations(parsed("def charge(amount: float) -> None: ..."))
    assert float_annotations(parsed("total_minor: int | float = 0"))
    assert not float_annotations(parsed("def charge(amount_minor: int, wait_seconds: float) -> None: ..."))
    assert len(float_arithmetic(parsed("a = b / c\nd = float(e)\nf = 0.5\ng = b // c"))) == 3
