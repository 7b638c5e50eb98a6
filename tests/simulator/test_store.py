"""The state under everything: tables against a plain list, and an undo that leaves no trace."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_simulator import Simulator
from stripe_simulator.clock import Clock, Timers
from stripe_simulator.listing import created_range
from stripe_simulator.store import Store, Table
from tests.simulator.stories import charge, payer

KIND = "charge"  # a kind with an index on `customer`

moves = st.lists(
    st.tuples(
        st.sampled_from(["add", "change", "hide", "remove", "replace"]), st.integers(0, 9), st.sampled_from("abc")
    ),
    max_size=40,
)


def _row(number: int, customer: str) -> dict[str, Any]:
    return {"id": f"ch_{number}", "object": KIND, "created": number, "customer": customer, "payment_intent": None}


def _move(store: Store, model: dict[str, str], move: tuple[str, int, str]) -> None:
    """The same move on the store and on a dict of id to customer."""
    what, number, customer = move
    name = f"ch_{number}"
    known = store.find(KIND, name)
    if what == "add" and known is None:
        store.add(_row(number, customer))
        model[name] = customer
    elif what == "change" and known:
        store.change(known, {"customer": customer})
        model[name] = customer
    elif what == "replace" and known:
        store.replace(_row(number, customer))
        model[name] = customer
    elif what == "hide" and known:
        store.hide(known, secret=customer)
    elif what == "remove" and known:
        store.remove(KIND, name)
        del model[name]


def _picture(store: Store) -> Any:
    """Everything a reader could see: rows in order, and every index."""
    table = store.table(KIND)
    rows = [orjson.dumps(row) for row in table.oldest()]
    index = {value: [r["id"] for r in table.newest("customer", value)] for value in "abc"}
    return rows, index


@given(story=moves)
def test_a_table_holds_what_a_dict_would_hold(story: list[tuple[str, int, str]]) -> None:
    store, model = Store(), dict[str, str]()

    for move in story:
        _move(store, model, move)

    table = store.table(KIND)
    assert {r["id"]: r["customer"] for r in table.oldest()} == model
    assert [r["id"] for r in table.newest()] == [r["id"] for r in table.oldest()][::-1]
    for customer in "abc":
        assert {r["id"] for r in table.oldest("customer", customer)} == {n for n, c in model.items() if c == customer}


@given(before=moves, undone=moves)
def test_undo_leaves_no_trace(before: list[tuple[str, int, str]], undone: list[tuple[str, int, str]]) -> None:
    store, model = Store(), dict[str, str]()
    for move in before:
        _move(store, model, move)
    picture = _picture(store)

    store.journal = []
    for move in undone:
        _move(store, model, move)
    store.undo_to(0)

    assert _picture(store) == picture


@given(places=st.sets(st.integers(0, 30)), edge=st.integers(0, 31))
def test_cursors_split_a_table_in_two(places: set[int], edge: int) -> None:
    table = Table()
    for number in range(31):
        table.add({"id": str(number), "created": number})
    for number in range(31):
        if number not in places:
            table.remove(str(number))

    below = [int(r["id"]) for r in table.newest(below=edge)]
    above = [int(r["id"]) for r in table.oldest(above=edge - 1)]

    assert below == sorted((p for p in places if p < edge), reverse=True)
    assert above == sorted(p for p in places if p >= edge)


@pytest.mark.parametrize(
    ("given_range", "span"),
    [
        (None, (0, 2**62)),
        (7, (7, 7)),
        ({"gt": 7}, (8, 2**62)),
        ({"gte": 7, "lt": 9}, (7, 8)),
        ({"gt": 7, "gte": 3, "lte": 20, "lt": 10}, (8, 9)),
    ],
)
def test_a_range_of_created_holds_both_ends(given_range: Any, span: tuple[int, int]) -> None:
    assert created_range(given_range) == span


@given(dues=st.lists(st.integers(0, 100), max_size=20), until=st.integers(0, 100))
def test_timers_run_in_order_of_time_and_then_of_birth(dues: list[int], until: int) -> None:
    timers = Timers()
    for number, due in enumerate(dues):
        timers.add(due, "work", str(number), "")

    ran = []
    while timer := timers.pop_due("", until):
        ran.append((timer[0], int(timer[3])))

    assert ran == sorted((due, number) for number, due in enumerate(dues) if due <= until)
    assert len(timers.waiting()) == len(dues) - len(ran)


def test_timers_of_an_undone_request_are_forgotten() -> None:
    timers = Timers()
    timers.add(5, "kept", "a", "")
    mark = timers.sequence
    timers.add(3, "gone", "b", "")
    timers.add(9, "gone", "c", "clock_1")

    timers.forget_after(mark)

    assert [t[2] for t in timers.waiting()] == ["kept"]


def test_a_clock_never_goes_back() -> None:
    clock = Clock(100)

    with pytest.raises(ValueError, match="cannot go back"):
        clock.move(99)

    assert clock.seconds == 100


@settings(max_examples=10, deadline=None)
@given(amounts=st.lists(st.integers(50, 10_000), min_size=1, max_size=5, unique=True), days=st.integers(0, 9))
def test_a_saved_account_goes_on_as_if_nothing_happened(
    tmp_path_factory: pytest.TempPathFactory, amounts: list[int], days: int
) -> None:
    sim = Simulator()
    customer, method = payer(sim.client(check_types=False))
    for amount in amounts:
        charge(sim.client(check_types=False), customer, method, amount, key=str(amount))
    sim.advance(seconds=days * 43_200)
    file = str(tmp_path_factory.mktemp("state") / "state.sqlite")

    sim.save(file)
    loaded = Simulator.load(file)
    for one in (sim, loaded):
        one.advance(seconds=5 * 86_400)
        charge(one.client(check_types=False), customer, method, key="last")

    kinds = [kind for kind in sim.world.store.tables if not kind.startswith("_")]
    assert {k: loaded.objects(k) for k in kinds} == {k: sim.objects(k) for k in kinds}
