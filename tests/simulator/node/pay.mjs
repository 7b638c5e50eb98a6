// Payments, a subscription, errors, pages and a signed webhook with Stripe's Node SDK, against the address in argv.
import Stripe from "stripe";

const address = new URL(process.argv[2]);
const stripe = new Stripe("sk_test_node", {
  host: address.hostname, port: address.port, protocol: "http", telemetry: false, maxNetworkRetries: 0,
});
const customer = await stripe.customers.create({ email: "ada@example.com", metadata: { language: "node" } });
const good = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
const bad = await stripe.paymentMethods.attach("pm_card_chargeCustomerFail", { customer: customer.id });
const pay = (method, idempotencyKey) => stripe.paymentIntents.create({
  amount: 4900, currency: "usd", customer: customer.id, payment_method: method, confirm: true, off_session: true,
  expand: ["latest_charge"],
}, { idempotencyKey });
const paid = await pay(good.id, "pay:1");
const again = await pay(good.id, "pay:1");
const declined = await pay(bad.id, "pay:2").catch((error) => error);
const unknown = await stripe.customers.retrieve("cus_nobody").catch((error) => error);
const refund = await stripe.refunds.create({ payment_intent: paid.id, amount: 900 });
const price = await stripe.prices.create({
  currency: "usd", unit_amount: 2900, recurring: { interval: "month" }, product_data: { name: "Pro" },
});
const subscription = await stripe.subscriptions.create({
  customer: customer.id, default_payment_method: good.id, items: [{ price: price.id, quantity: 3 }],
  expand: ["latest_invoice"],
});
const events = await stripe.events.list({ types: ["payment_intent.succeeded"], limit: 1 })
  .autoPagingToArray({ limit: 10 });
const payload = JSON.stringify(events[0]);
const header = stripe.webhooks.generateTestHeaderString({ payload, secret: "whsec_node" });
console.log(JSON.stringify({
  paid: paid.status, charge: paid.latest_charge.status, replayed: again.id === paid.id,
  declined: [declined.type, declined.code, declined.statusCode],
  unknown: [unknown.type, unknown.code, unknown.statusCode],
  refund: [refund.status, refund.amount],
  subscription: [subscription.status, subscription.latest_invoice.status, subscription.latest_invoice.total],
  events: events.map((event) => event.type),
  signed: stripe.webhooks.constructEvent(payload, header, "whsec_node").id === events[0].id,
  version: paid.lastResponse.apiVersion,
}));
