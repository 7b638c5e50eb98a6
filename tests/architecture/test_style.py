"""The house rules that a program can check. Sizes are tripwires: `# long because ...` lets one pass."""

import ast
import re
from statistics import median

from tests.architecture.source import ROOT, Module, body_lines, functions, modules, told

TEST_LINES_PERCENT_MIN = 60  # raise it when the share has grown
FUNCTION_LINES_MAX, MODULE_LINES_MAX, ASSET_LINES_MAX, ARGUMENTS_MAX = 40, 300, 10, 6
VAGUE = re.compile(r"(^|_)(utils?|helpers?|managers?|process|handle|handler|data|misc|common)(_|$)")
CLOCKS = {"billing_pipeline.adapters.clock", "stripe_simulator.clock"}
WALL_CLOCK = re.compile(r"\b(datetime\.(now|utcnow|today)|date\.today|time\.time)\(")
PATCHING = re.compile(r"mock\.patch|monkeypatch\.setattr|MagicMock|import mock|from unittest")


def suite() -> tuple[Module, ...]:
    return modules("tests")


def is_asset(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(re.search(r"\b(multi_)?asset\b", ast.unparse(decorator)) for decorator in function.decorator_list)


def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many the caller has to know; self and cls left out."""
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def test_functions_are_short():
    found = [
        f"{module.shown}:{function.lineno} {function.name} has {lines} lines"
        for module in modules()
        for function in functions(module)
        if ".versions." not in module.name  # a migration is a record of what was done, not code that is read
        and (lines := body_lines(function)) > (ASSET_LINES_MAX if is_asset(function) else FUNCTION_LINES_MAX)
        and not module.excused(function.lineno)
    ]

    assert not found, told(found)


def test_most_functions_are_very_short():
    sizes = sorted(body_lines(function) for module in modules() for function in functions(module))

    assert median(sizes) <= 6
    assert sizes[int(0.9 * len(sizes))] <= 20


def test_modules_are_short():
    found = [
        f"{module.shown} has {module.lines} lines"
        for module in (*modules(), *suite())
        if module.lines > MODULE_LINES_MAX and not module.excused(0) and ".versions." not in module.name
    ]

    assert not found, told(found)


def test_functions_take_few_arguments():
    # A command's arguments are its options, a field-for-field constructor is a record: both are lists, not interfaces.
    found = [
        f"{module.shown}:{function.lineno} {function.name} takes {arguments(function)}"
        for module in modules()
        if ".commands." not in module.name
        for function in functions(module)
        if arguments(function) > ARGUMENTS_MAX and function.name != "__init__" and not module.excused(function.lineno)
    ]

    assert not found, told(found)


def test_names_say_what_a_thing_is():
    names = [(module.shown, module.name.rsplit(".", 1)[-1]) for module in modules()]
    names += [
        (f"{module.shown}:{node.lineno}", node.name)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]

    # Simulator.handle is the front door that HTTP itself calls by that name.
    found = [f"{where} {name}" for where, name in names if VAGUE.search(name) and name not in ("handle", "handler")]

    assert not found, told(found)


def test_every_module_and_public_function_says_what_comes_back():
    missing = [module.shown for module in modules() if module.text.strip() and not ast.get_docstring(module.tree)]
    missing += [
        f"{module.shown}:{function.lineno} {function.name}"
        for module in modules("billing_pipeline", "assets", "sensors", "resources")
        for function in top_level(module)
        if not function.name.startswith("_") and body_lines(function) > 3 and not ast.get_docstring(function)
    ]

    assert not missing, told(missing)


def top_level(module: Module) -> list[ast.FunctionDef]:
    return [node for node in module.tree.body if isinstance(node, ast.FunctionDef)]


def test_docstrings_do_not_begin_with_this_function():
    found = [
        f"{module.shown}:{function.lineno}"
        for module in modules()
        for function in functions(module)
        if (ast.get_docstring(function) or "").lower().startswith(("this function", "this method", "function that"))
    ]

    assert not found, told(found)


def test_only_the_clocks_ask_what_time_it_is():
    found = [
        f"{module.shown}:{number} {line.strip()}"
        for module in modules()
        if module.name not in CLOCKS
        for number, line in enumerate(module.text.splitlines(), 1)
        if WALL_CLOCK.search(line)
    ]

    assert not found, told(found)


def test_no_assert_guards_anything():
    found = [
        f"{module.shown}:{node.lineno}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assert)
    ]

    assert not found, told(found)


def test_no_annotations_from_the_future_and_no_star_imports():
    found = [
        f"{module.shown}:{node.lineno}"
        for module in (*modules(), *suite())
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and (node.module == "__future__" or node.names[0].name == "*")
    ]

    assert not found, told(found)


def test_doubles_are_written_by_hand():
    checked = [module for module in suite() if module.path.name != "test_style.py"]

    found = [module.shown for module in checked if PATCHING.search(module.text)]

    assert len(checked) > 5
    assert not found, told(found)


def test_a_test_reads_as_a_sentence():
    names = [
        (module.shown, function.name)
        for module in suite()
        for function in functions(module)
        if function.name.startswith("test_")
    ]

    assert len(names) > 20
    assert [f"{where} {name}" for where, name in names if name.count("_") < 3] == []


def test_test_names_are_told_once_in_a_file():
    found = []
    for module in suite():
        names = [function.name for function in top_level(module)]
        found += [f"{module.shown} {name}" for name in set(names) if names.count(name) > 1]

    assert not found, told(found)


def test_the_share_of_test_lines_does_not_fall():
    """The aim is one line of test for each line of code; until it is reached the share may only grow."""
    code = sum(module.lines for module in modules())
    test = sum(module.lines for module in suite())

    assert 100 * test >= TEST_LINES_PERCENT_MIN * code, f"{test} lines of test for {code} lines of code"


def test_no_file_speaks_of_where_it_was_written():
    texts = [p for p in ROOT.glob("*.*") if p.suffix in (".md", ".toml", ".yaml")] + list((ROOT / "docs").rglob("*.md"))

    found = [str(path.relative_to(ROOT)) for path in texts if "/work/" in path.read_text()]
    found += [module.shown for module in modules() if "/work/" in module.text]

    assert not found, told(found)
