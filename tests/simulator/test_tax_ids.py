"""Tax ids of customers."""

from typing import Any

import pytest
import stripe

from stripe_simulator import Simulator
from tests.simulator.stories import told

TAX_IDS = "docs.stripe.com/billing/customer/tax-ids"


@pytest.mark.behaviour("tax_ids", "a customer's tax ids are added, listed and deleted", source=TAX_IDS)
def test_tax_ids_come_and_go(sim: Simulator, client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"tax_id_data": [{"type": "eu_vat", "value": "DE123456789"}]}).id
    added = client.v1.customers.tax_ids.create(customer, {"type": "gb_vat", "value": "GB123456789"})

    listed = [one.value for one in client.v1.customers.tax_ids.list(customer).data]
    shown: Any = client.v1.customers.retrieve(customer, {"expand": ["tax_ids"]})
    client.v1.customers.tax_ids.delete(customer, added.id)

    assert listed == ["GB123456789", "DE123456789"]
    assert [one.value for one in shown.tax_ids.data] == listed
    assert [one.value for one in client.v1.customers.tax_ids.list(customer).data] == ["DE123456789"]
    assert told(sim, added.id) == ["customer.tax_id.created", "customer.tax_id.deleted"]


@pytest.mark.behaviour("tax_ids", "a number of another form is refused", source=TAX_IDS)
def test_a_number_of_another_form_is_refused(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({}).id

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.tax_ids.create(customer, {"type": "eu_vat", "value": "1"})

    assert refused.value.code == "tax_id_invalid"


@pytest.mark.behaviour("tax_ids", "five at most", source=TAX_IDS)
def test_a_sixth_tax_id_is_refused(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({}).id
    for number in range(5):
        client.v1.customers.tax_ids.create(customer, {"type": "us_ein", "value": f"12-345678{number}"})

    with pytest.raises(stripe.InvalidRequestError, match="more than 5"):
        client.v1.customers.tax_ids.create(customer, {"type": "us_ein", "value": "12-3456789"})


@pytest.mark.behaviour("tax_ids", "another customer's tax id is not found", source=TAX_IDS)
def test_the_tax_id_of_another_customer_is_not_found(client: stripe.StripeClient) -> None:
    first, second = (client.v1.customers.create({}).id for _ in range(2))
    made = client.v1.customers.tax_ids.create(first, {"type": "us_ein", "value": "12-3456789"})

    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.customers.tax_ids.retrieve(second, made.id)

    assert missing.value.http_status == 404
