"""Imports go one way: domain <- flows <- adapters and the outer layers, which bootstrap wires together."""

from pathlib import Path

from tests.architecture.source import Module, below, imports, is_standard, module_of, modules, told

DOMAIN, FLOWS, ADAPTERS = "billing_pipeline.domain", "billing_pipeline.flows", "billing_pipeline.adapters"
VENDORS = ("stripe", "sqlalchemy", "psycopg", "psycopg_pool", "duckdb", "pyarrow", "adbc_driver_postgresql", "smtplib")
VENDOR_HOMES = (ADAPTERS, "billing_pipeline.migrations")
DAGSTER_HOMES = ("billing_pipeline.definitions", "billing_pipeline.commands.ui", "assets", "sensors", "resources")
SIMULATOR_USERS = ("billing_pipeline.adapters.local_simulator", "billing_pipeline.commands", "billing_pipeline.demo")
OURS = ("billing_pipeline", "stripe_simulator", "assets", "sensors", "resources", "tests", "benchmarks")


def broken_rules(module: Module) -> list[str]:
    """What the module imports and should not, one line each."""
    return [
        f"{module.shown}:{line} imports {name}: {rule}"
        for line, name in imports(module)
        if (rule := broken_rule(module.name, name))
    ]


def broken_rule(importer: str, name: str) -> str:  # long because each rule is one line and they are read together
    """The rule that this import breaks; empty when it breaks none."""
    ours = below(name, *OURS)
    if below(importer, DOMAIN) and not is_standard(name) and not below(name, DOMAIN, "billing_pipeline"):
        return "domain is standard library only"
    if below(importer, DOMAIN) and ours and not (below(name, DOMAIN) or name == "billing_pipeline"):
        return "domain knows nothing outside itself"
    if below(importer, FLOWS) and not is_standard(name) and not below(name, DOMAIN, FLOWS):
        return "flows know the domain and their ports"
    if below(importer, ADAPTERS) and ours and not below(name, DOMAIN, FLOWS, ADAPTERS):
        return "adapters know the domain and the ports of flows"
    if below(name, *VENDORS) and below(importer, "billing_pipeline") and not below(importer, *VENDOR_HOMES):
        return "adapters are the only home of vendors"
    if below(name, "dagster") and below(importer, "billing_pipeline") and not below(importer, *DAGSTER_HOMES):
        return "the core does not know Dagster"
    if below(importer, "stripe_simulator") and ours and not below(name, "stripe_simulator"):
        return "the simulator knows nothing of the pipeline"
    if (
        below(name, "stripe_simulator")
        and below(importer, "billing_pipeline")
        and not below(importer, *SIMULATOR_USERS)
    ):
        return "the pipeline reaches the simulator over the wire"
    if below(importer, "billing_pipeline") and below(name, "tests", "benchmarks"):
        return "the product does not need its tests"
    return ""


def test_every_import_goes_the_one_way():
    checked = modules()

    found = [line for module in checked for line in broken_rules(module)]

    assert len(checked) > 20
    assert not found, told(found)


def test_the_domain_asks_for_no_clock_no_file_and_no_network():
    forbidden = (
        "os",
        "socket",
        "subprocess",
        "random",
        "time",
        "pathlib",
        "tempfile",
        "urllib.request",
        "logging",
        "sqlite3",
    )

    found = [
        f"{module.shown}:{line} imports {name}"
        for module in modules("billing_pipeline/domain")
        for line, name in imports(module)
        if below(name, *forbidden)
    ]

    assert not found, told(found)


def test_the_rules_catch_what_they_are_for():
    wrong = {
        "billing_pipeline.domain.money": ("sqlalchemy", "billing_pipeline.flows.facts", "billing_pipeline.settings"),
        "billing_pipeline.flows.run_dunning": ("stripe", "billing_pipeline.adapters.mail", "pandas"),
        "billing_pipeline.adapters.mail": ("billing_pipeline.settings", "billing_pipeline.bootstrap"),
        "billing_pipeline.commands.db": ("sqlalchemy.exc", "dagster"),
        "billing_pipeline.web.app": ("stripe", "stripe_simulator"),
        "stripe_simulator.core": ("billing_pipeline.domain.money",),
    }
    right = {
        "billing_pipeline.domain.money": ("fractions", "billing_pipeline.domain.errors"),
        "billing_pipeline.flows.run_dunning": ("billing_pipeline.flows.ports", "billing_pipeline.domain.dunning"),
        "billing_pipeline.adapters.mail": ("smtplib", "billing_pipeline.flows.ports"),
        "billing_pipeline.definitions": ("dagster", "assets"),
    }

    missed = [
        (importer, name) for importer, names in wrong.items() for name in names if not broken_rule(importer, name)
    ]
    blamed = [(importer, name) for importer, names in right.items() for name in names if broken_rule(importer, name)]

    assert (missed, blamed) == ([], [])


def test_imports_are_seen_wherever_they_stand():
    here = module_of(Path(__file__))

    names = {name for _, name in imports(here)}

    assert {"pathlib.Path", "tests.architecture.source"} <= names
