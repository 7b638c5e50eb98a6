"""Tax ids of customers: at most five, each checked for its form only."""

import re
from typing import Final

from stripe_simulator.expand import included
from stripe_simulator.listing import page
from stripe_simulator.render import public
from stripe_simulator.routes import Call, route
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

FORMS: Final = {
    "eu_vat": re.compile(r"[A-Z]{2}[0-9A-Z+*]{8,12}"),
    "gb_vat": re.compile(r"GB[0-9]{9}([0-9]{3})?"),
    "us_ein": re.compile(r"[0-9]{2}-?[0-9]{7}"),
    "jp_trn": re.compile(r"T[0-9]{13}"),
}
"""Types whose form is checked; of the others Stripe knows more than we do."""

TAX_IDS_MAX: Final = 5


@route("post", "/v1/customers/*/tax_ids", "CustomerTaxIdCreateParams")
def create(world: World, call: Call) -> Json:
    """The new tax id of the customer."""
    return add(world, _customer(world, call), call["type"], call["value"])


def add(world: World, customer: Json, kind: str, value: str) -> Json:
    """The new tax id. Raises Refused for one of another form, and for one too many."""
    if kind in FORMS and not FORMS[kind].fullmatch(value.replace(" ", "")):
        raise invalid(f"Invalid value for {kind}.", "value", "tax_id_invalid")
    if len(known(world, customer["id"])) >= TAX_IDS_MAX:
        raise invalid(f"You cannot add more than {TAX_IDS_MAX} tax IDs to a customer.", "customer")
    row: Json = {
        "id": world.ids.new("txi_"),
        "object": "tax_id",
        "country": kind[:2].upper() if kind != "eu_vat" else value[:2],
        "created": world.now(),
        "customer": customer["id"],
        "customer_account": None,
        "livemode": world.account.livemode,
        "owner": {"customer": customer["id"], "type": "customer"},
        "type": kind,
        "value": value,
        "verification": {"status": "pending", "verified_address": None, "verified_name": None},
    }
    return world.add(row, "customer.tax_id.created")


def known(world: World, customer: str) -> list[Json]:
    """The customer's tax ids, newest first."""
    return list(world.store.table("tax_id").newest("customer", customer))


@route("get", "/v1/customers/*/tax_ids", "CustomerTaxIdListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of the customer's tax ids."""
    row = _customer(world, call)
    return page(world, "tax_id", call.params, f"/v1/customers/{row['id']}/tax_ids", ("customer", [row["id"]]))


@route("get", "/v1/customers/*/tax_ids/*", "CustomerTaxIdRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One tax id of the customer."""
    row = world.get("tax_id", call.ids[1])
    if row["customer"] != call.ids[0]:
        raise invalid(f"No such tax_id: '{call.ids[1]}'", "id", "resource_missing", 404)
    return row


@route("delete", "/v1/customers/*/tax_ids/*", "CustomerTaxIdDeleteParams")
def delete(world: World, call: Call) -> Json:
    """The tombstone."""
    row = retrieve(world, call)
    world.emit("customer.tax_id.deleted", row)
    world.store.remove("tax_id", row["id"])
    return {"id": row["id"], "object": "tax_id", "deleted": True}


@included("customer", "tax_ids")
def of_customer(world: World, row: Json) -> Json:
    """The customer's tax ids, where a reply is to bring them along."""
    data = [public(one) for one in known(world, row["id"])]
    return {"object": "list", "data": data, "has_more": False, "url": f"/v1/customers/{row['id']}/tax_ids"}


def _customer(world: World, call: Call) -> Json:
    row = world.get("customer", call.ids[0])
    if row.get("deleted"):
        raise invalid(f"No such customer: '{call.ids[0]}'", "customer", "resource_missing", 404)
    return row
