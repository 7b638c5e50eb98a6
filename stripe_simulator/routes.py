"""The routing table: which function answers which method and path, and what its parameters are."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from stripe_simulator.wire import Json
from stripe_simulator.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """One request after checking: the ids in its path and its typed parameters."""

    path: str
    ids: tuple[str, ...]
    params: Json
    by_page: bool = False  # made from a browser with a publishable key

    def __getitem__(self, name: str) -> Any:
        return self.params[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter, or the default."""
        return self.params.get(name, default)

    def unset(self, name: str, default: Any = None) -> Any:
        """A parameter whose empty string means null; the default when it was not sent."""
        value = self.params.get(name, default)
        return None if value == "" else value


Public: TypeAlias = Literal["", "secret", "free"]
Answer: TypeAlias = Callable[[World, Call], Json]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the API. params: the SDK's request type.

    public: "secret" when a publishable key may call it with the object's client secret, "free" when it may without.
    """

    method: str
    template: str
    params: str
    answer: Answer
    public: Public = ""


@dataclass(slots=True)
class Node:
    """One step of a path."""

    steps: dict[str, "Node"] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)


ROOT: Final = Node()
TIMED: Final[dict[str, Callable[[World, str], None]]] = {}


def route(method: str, template: str, params: str, *, public: Public = "") -> Callable[[Answer], Answer]:
    """A decorator that puts the function into the routing table; `*` in the template stands for an id."""

    def register(answer: Answer) -> Answer:
        node = ROOT
        for step in template.strip("/").split("/"):
            node = node.steps.setdefault(step, Node())
        node.routes[method] = Route(method, template, params, answer, public)
        return answer

    return register


def timed(work: str) -> Callable[[Callable[[World, str], None]], Callable[[World, str], None]]:
    """A decorator that names work which waits for the clock."""

    def register(run: Callable[[World, str], None]) -> Callable[[World, str], None]:
        TIMED[work] = run
        return run

    return register


def find(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    """The route and the ids in the path; None when Stripe (as simulated) has no such operation."""
    node, ids = ROOT, []
    for step in path.strip("/").split("/"):
        if step in node.steps and step != "*":
            node = node.steps[step]
        elif "*" in node.steps and step:
            node = node.steps["*"]
            ids.append(step)
        else:
            return None
    found = node.routes.get(method)
    return (found, tuple(ids)) if found else None


def all_routes() -> list[Route]:
    """Every operation, sorted by path and method."""
    found: list[Route] = []
    waiting = [ROOT]
    while waiting:
        node = waiting.pop()
        found.extend(node.routes.values())
        waiting.extend(node.steps.values())
    return sorted(found, key=lambda r: (r.template, r.method))
