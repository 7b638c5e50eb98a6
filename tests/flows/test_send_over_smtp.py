"""The outbox against real SMTP servers that misbehave: sent once, or reported once."""

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import control
from billing_pipeline.flows.send_messages import send_messages
from tests import seeds
from tests.adapters.test_mail import Server, serving
from tests.dunning_world import World


@pytest.mark.parametrize(
    ("server", "states", "accepted"),
    [
        (Server(), ["sent", "sent"], {1}),
        (Server("DATA", "451 later"), ["queued", "sent"], {1}),
        (Server("DATA", "554 no"), ["failed", "failed"], {0}),
        (Server("DATA", drop=True), ["uncertain", "uncertain"], {0, 1}),
        (Server("DATA", sleep=True), ["uncertain", "uncertain"], {0, 1}),
        (Server("RCPT", drop=True), ["queued", "sent"], {1}),
    ],
    ids=["well", "4xx", "5xx", "dropped after the message", "slow after the message", "dropped before the message"],
)
def test_whatever_the_server_does_no_customer_gets_a_message_twice(
    db: Database, server: Server, states: list[str], accepted: set[int]
):
    world, found = World(db), []
    world.late(codes={"decline": "lost_card"})
    world.day(2).run()

    with serving(server) as mailer:
        for _ in range(2):
            send_messages(world.store, mailer, world.stripe, world.gate, world.clock)
            found.append(seeds.fetch(db, control.messages)[0]["state"])
            server.at = ""
            world.clock.advance(minutes=2)

    assert found == states
    assert len(server.received) in accepted
