"""The HTTP front and the state file: the same simulator, over a socket and across restarts."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
import stripe

from stripe_simulator import Fault, Simulator, control
from stripe_simulator.server import serving
from tests.simulator.stories import charge, payer


@pytest.fixture
def url(sim: Simulator) -> Iterator[str]:
    """The address of the simulator."""
    with serving(sim) as address:
        yield address


@pytest.fixture
def remote(url: str) -> stripe.StripeClient:
    """The SDK's client over HTTP."""
    return stripe.StripeClient("sk_test_x", base_addresses={"api": url})


def test_a_payment_over_http_is_the_payment_in_process(
    client: stripe.StripeClient, remote: stripe.StripeClient
) -> None:
    customer, method = payer(remote)

    intent = charge(remote, customer, method, key="k")

    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_dropped_connection_is_a_connection_error_and_the_effect_is_there(
    sim: Simulator, remote: stripe.StripeClient
) -> None:
    customer, method = payer(remote)
    sim.faults.add(Fault(kind="drop_after", path="/v1/payment_intents"))

    with pytest.raises(stripe.APIConnectionError):
        charge(remote, customer, method, key="k")

    assert charge(remote, customer, method, key="k").status == "succeeded"
    assert len(sim.objects("payment_intent")) == 1


def test_a_second_request_meets_409_while_the_first_still_runs(
    sim: Simulator, url: str, remote: stripe.StripeClient
) -> None:
    customer, method = payer(remote)
    sim.faults.add(Fault(kind="slow_after", path="/v1/payment_intents", seconds=1.0))
    first = threading.Thread(target=charge, args=(remote, customer, method), kwargs={"key": "k"})

    first.start()
    while not sim.objects("payment_intent"):
        threading.Event().wait(0.01)
    with pytest.raises(stripe.APIError) as refused:
        charge(remote, customer, method, key="k")
    first.join()

    assert refused.value.http_status == 409
    assert charge(remote, customer, method, key="k").status == "succeeded"


def test_an_oversize_body_gets_413_in_stripes_shape(url: str) -> None:
    key = {"Authorization": "Bearer sk_test_x"}

    reply = requests.post(f"{url}/v1/customers", data="name=" + "x" * 1_100_000, headers=key, timeout=10)

    assert (reply.status_code, reply.json()["error"]["type"]) == (413, "invalid_request_error")


def test_the_clock_is_read_and_moved_from_outside(sim: Simulator, url: str) -> None:
    target = datetime(2026, 2, 1, tzinfo=UTC)

    moved = control.advance(url, to=target)

    assert moved == control.now(url) == sim.clock.now() == target
    with pytest.raises(control.ControlError, match="cannot go back"):
        control.advance(url, to=datetime(2026, 1, 1, tzinfo=UTC))


def test_every_reply_is_dated_by_the_virtual_clock(sim: Simulator, url: str) -> None:
    control.advance(url, to=datetime(2026, 2, 1, 6, 30, tzinfo=UTC))

    over_http = requests.get(f"{url}/v1/balance", auth=("sk_test_x", ""), timeout=5)
    in_process = sim.handle("get", "/v1/balance", {"Authorization": "Bearer sk_test_x"})

    assert over_http.headers["Date"] == in_process.headers["Date"] == "Sun, 01 Feb 2026 06:30:00 GMT"


def test_faults_and_drift_are_ordered_from_outside(url: str, remote: stripe.StripeClient) -> None:
    customer, method = payer(remote)
    paid = charge(remote, customer, method)

    control.fault(url, "drop_after", path="/v1/balance")
    control.drift(url, "refund", charge_id=str(paid.latest_charge))

    assert control.status(url)["faults"] == len(control.faults(url)) == 1
    assert remote.v1.charges.retrieve(str(paid.latest_charge)).refunded is True
    control.clear_faults(url)
    assert control.faults(url) == []


@pytest.mark.parametrize(
    ("name", "asked", "complaint"),
    [
        ("advance", {}, "advance needs either"),
        ("advance", {"to": "tomorrow"}, "the clock cannot be moved"),
        ("fault", {"kind": "earthquake"}, "no fault is called 'earthquake'"),
        ("fault", {"kind": "drop_after", "when": 1}, "a fault has no 'when'"),
        ("drift", {"what": "melt"}, "no drift is called 'melt'"),
        ("drift", {"what": "refund"}, "missing a required argument"),
        ("drift", {"what": "refund", "charge_id": "ch_x"}, "No such charge"),
        (
            "drift",
            {"what": "change_amount", "intent_id": "pi_x", "delta": "much"},
            "delta: input should be a valid integer",
        ),
        ("fault", {"kind": "drop_after", "nth": "first"}, "nth: input should be a valid integer"),
        ("fault", {"kind": "event_late", "seconds": 1e12}, "seconds lie between"),
        ("advance", {"seconds": 10**18}, "it ends with the year 2199"),
        ("limits", {"per_account": 0}, "at least 1 request"),
        ("settings", {"colour": "red"}, "no setting 'colour'"),
        ("settings", {"payout_schedule": "hourly"}, "payout_schedule is one of daily, manual"),
        ("settings", {"retry_days": [3, 500]}, "retry_days lies between 0 and 60"),
        ("settings", {"search_lag_seconds": "long"}, "search_lag_seconds: input should be a valid integer"),
    ],
)
def test_bad_control_input_gets_one_line_that_names_it(
    url: str, name: str, asked: dict[str, object], complaint: str
) -> None:
    reply = requests.post(f"{url}/_control/{name}", json=asked, timeout=10)

    assert reply.status_code == 400
    assert complaint in reply.json()["error"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /v1/customers HTTP/1.1\r\nHost: x\r\nAuthorization: Basic \x80\x81\r\n\r\n", b"401"),
        (b"GET /v1/%c3%a4%ff%00 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_test_x\r\n\r\n", b"404"),
        (b"GET /v1/customers HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", b"401"),
        (b"BREW /v1/customers HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
    ],
)
def test_what_no_sdk_would_send_is_refused_all_the_same(url: str, sent: bytes, status: bytes) -> None:
    host, _, port = url.removeprefix("http://").partition(":")

    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(sent)
        reply = connection.recv(100)

    assert reply.split(b" ")[1] == status


def test_a_state_file_holds_everything(tmp_path: Path, sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    charge(client, customer, method, key="k")
    sim.faults.add(Fault(kind="drop_after", path="/v1/nothing"))
    file = str(tmp_path / "state.sqlite")

    sim.save(file)
    loaded = Simulator.load(file)

    kinds = ("customer", "payment_method", "payment_intent", "charge", "event")
    assert all(loaded.objects(k) == sim.objects(k) for k in kinds)
    again = charge(loaded.client(), customer, method, key="k")
    assert again.last_response.headers["Idempotent-Replayed"] == "true"  # type: ignore[union-attr]
    assert loaded.faults.armed[0].fault.kind == "drop_after"
    both = [s.advance(seconds=86_400 * 5) for s in (sim, loaded)]
    assert both[0] == both[1] > 0
    assert loaded.objects("payout") == sim.objects("payout")


def test_a_killed_server_has_lost_nothing_that_it_answered(tmp_path: Path) -> None:
    file = str(tmp_path / "state.sqlite")
    command = [sys.executable, "-m", "stripe_simulator", "serve", "--port", "0", "--state", file, "--seed", "5"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    address = server.stdout.readline().strip()
    remote = stripe.StripeClient("sk_test_x", base_addresses={"api": address}, max_network_retries=5)
    customer, method = payer(remote)
    paid = [charge(remote, customer, method).id for _ in range(5)]

    server.kill()
    server.wait()
    server.stdout.close()

    loaded = Simulator.load(file)
    assert [i["id"] for i in loaded.objects("payment_intent")] == paid
    assert loaded.world.timers.waiting()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["--now", "yesterday"], "Invalid isoformat"), (["--state", "{file}"], "is not a simulator state file")],
)
def test_a_server_that_cannot_start_says_why_in_one_line(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    other = tmp_path / "other.sqlite"
    other.write_text("not a database, but long enough to look like one" * 100)
    arguments = [a.format(file=other) for a in arguments]

    done = subprocess.run(
        [sys.executable, "-m", "stripe_simulator", "serve", "--port", "0", *arguments],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert complaint in done.stderr
