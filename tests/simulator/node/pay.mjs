// A payment, a decline and a page of events with Stripe's Node SDK, against the address in argv.
import Stripe from "stripe";

const address = new URL(process.argv[2]);
const stripe = new Stripe("sk_test_node", {
  host: address.hostname, port: address.port, protocol: "http", telemetry: false, maxNetworkRetries: 0,
});
const customer = await stripe.customers.create({ email: "ada@example.com", metadata: { language: "node" } });
const good = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
const bad = await stripe.paymentMethods.attach("pm_card_chargeCustomerFail", { customer: customer.id });
const pay = (method) => stripe.paymentIntents.create({
  amount: 4900, currency: "usd", customer: customer.id, payment_method: method, confirm: true, off_session: true,
  expand: ["latest_charge"],
});
const paid = await pay(good.id);
const declined = await pay(bad.id).catch((error) => error);
const events = await stripe.events.list({ types: ["payment_intent.succeeded"], limit: 5 });
console.log(JSON.stringify({
  paid: paid.status, charge: paid.latest_charge.status, declined: declined.code, status: declined.statusCode,
  events: events.data.map((event) => event.type),
}));
