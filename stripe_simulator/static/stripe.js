// The simulator's stand-in for Stripe.js: the same global and calls, a card form, and a challenge that can be passed
// or failed. Typed test numbers behave as docs.stripe.com/testing says. It talks only to where it was loaded from.
(() => {
  "use strict";
  const home = new URL(document.currentScript.src).origin;
  const KINDS = { seti: ["setup_intents", "setupIntent"], pi: ["payment_intents", "paymentIntent"] };
  const FIELDS = [
    ["number", "Card number", "1234 1234 1234 1234", "cc-number"],
    ["expiry", "Expiration date", "MM / YY", "cc-exp"],
    ["cvc", "Security code", "CVC", "cc-csc"],
  ];

  const form = (values, prefix = "") =>
    Object.entries(values).flatMap(([name, value]) => {
      const path = prefix ? `${prefix}[${name}]` : name;
      if (value === undefined || value === null) return [];
      return typeof value === "object" ? form(value, path) : [[path, String(value)]];
    });

  const call = async (key, method, path, values) => {
    const body = new URLSearchParams(form(values)).toString();
    const where = method === "GET" ? `${home}${path}?${body}` : `${home}${path}`;
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/x-www-form-urlencoded" };
    try {
      const reply = await fetch(where, { method, headers, body: method === "GET" ? undefined : body });
      return await reply.json();
    } catch {
      return { error: { type: "api_connection_error", message: "We could not reach the server. Please try again." } };
    }
  };

  const digitsOf = (text) => text.replace(/\D/g, "");
  const luhn = (digits) =>
    [...digits].reverse().reduce((sum, c, i) => {
      const twice = Number(c) * (i % 2 ? 2 : 1);
      return sum + (twice > 9 ? twice - 9 : twice);
    }, 0) % 10 === 0;

  const invalid = (code, message) => ({ error: { type: "validation_error", code, message } });

  class PaymentElement {
    constructor() {
      this.handlers = {};
      this.inputs = {};
      this.root = document.createElement("div");
      this.root.className = "StripeElement";
      for (const field of FIELDS) this.root.append(this.field(...field));
    }
    field(name, title, hint, complete) {
      const label = document.createElement("label");
      label.textContent = title;
      const input = document.createElement("input");
      Object.assign(input, { name, placeholder: hint, autocomplete: complete, inputMode: "numeric" });
      input.setAttribute("aria-label", title);
      input.addEventListener("input", () => this.emit("change", { elementType: "payment", complete: !this.problem() }));
      label.append(input);
      this.inputs[name] = input;
      return label;
    }
    problem() {
      const { number, month, year, cvc } = this.card();
      if (number.length < 13) return invalid("incomplete_number", "Your card number is incomplete.");
      if (!luhn(number)) return invalid("invalid_number", "Your card number is invalid.");
      if (!(month >= 1 && month <= 12) || Number.isNaN(year)) {
        return invalid("incomplete_expiry", "Your card's expiration date is incomplete.");
      }
      if (cvc.length < 3) return invalid("incomplete_cvc", "Your card's security code is incomplete.");
      return null;
    }
    card() {
      const expiry = digitsOf(this.inputs.expiry.value);
      return {
        number: digitsOf(this.inputs.number.value),
        month: Number(expiry.slice(0, 2)),
        year: expiry.length >= 4 ? 2000 + Number(expiry.slice(-2)) : NaN,
        cvc: digitsOf(this.inputs.cvc.value),
      };
    }
    mount(where) {
      const target = typeof where === "string" ? document.querySelector(where) : where;
      if (!target) throw new Error(`The selector you specified (${where}) applies to no DOM elements.`);
      target.replaceChildren(this.root);
      setTimeout(() => this.emit("ready", { elementType: "payment" }), 0);
      return this;
    }
    on(name, handler) {
      (this.handlers[name] ||= []).push(handler);
      return this;
    }
    off(name, handler) {
      this.handlers[name] = (this.handlers[name] || []).filter((h) => h !== handler);
      return this;
    }
    once(name, handler) {
      const run = (event) => {
        this.off(name, run);
        handler(event);
      };
      return this.on(name, run);
    }
    emit(name, event) {
      for (const handler of this.handlers[name] || []) handler(event);
    }
    focus() {
      this.inputs.number.focus();
    }
    clear() {
      for (const input of Object.values(this.inputs)) input.value = "";
    }
    update() {}
    unmount() {
      this.root.remove();
    }
    destroy() {
      this.root.remove();
    }
  }

  class Elements {
    constructor(options) {
      this.options = options || {};
      this.made = null;
    }
    create(kind) {
      if (kind !== "payment" && kind !== "card") throw new Error(`The simulator has no "${kind}" element.`);
      this.made = new PaymentElement();
      return this.made;
    }
    getElement() {
      return this.made;
    }
    update(options) {
      Object.assign(this.options, options);
    }
    async submit() {
      return (this.made && this.made.problem()) || {};
    }
    async fetchUpdates() {
      return {};
    }
  }

  // The issuer's page: two buttons, as in Stripe's sandbox.
  const challenge = () =>
    new Promise((decide) => {
      const box = document.createElement("dialog");
      box.id = "stripe-challenge";
      const words = document.createElement("p");
      words.textContent = "3D Secure test page: does the cardholder confirm this payment?";
      box.append(words);
      for (const [id, title, passed] of [
        ["test-source-authorize-3ds", "Complete authentication", true],
        ["test-source-fail-3ds", "Fail authentication", false],
      ]) {
        const button = document.createElement("button");
        Object.assign(button, { id, type: "button", textContent: title });
        button.addEventListener("click", () => {
          box.remove();
          decide(passed);
        });
        box.append(button);
      }
      document.body.append(box);
      box.showModal();
    });

  const kindOf = (secret) => KINDS[String(secret).split("_")[0]] || KINDS.pi;
  const idOf = (secret) => String(secret).split("_secret_")[0];

  window.Stripe = (key) => {
    if (!/^pk_(test|live)_/.test(key || "")) throw new Error("Please call Stripe() with your publishable key.");

    const outcome = (reply, kind) => (reply.error ? { error: reply.error } : { [kind]: reply });

    const retrieve = async (secret) => {
      const [path, kind] = kindOf(secret);
      return outcome(await call(key, "GET", `/v1/${path}/${idOf(secret)}`, { client_secret: secret }), kind);
    };

    const answer = async (secret, intent) => {
      const passed = await challenge();
      await fetch(`${home}/_control/authenticate`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ id: intent.id, passed }),
      });
      const after = await retrieve(secret);
      const now = after.setupIntent || after.paymentIntent;
      const error = now && (now.last_setup_error || now.last_payment_error);
      return error ? { error } : after;
    };

    const handleNextAction = async ({ clientSecret }) => {
      const found = await retrieve(clientSecret);
      const intent = found.setupIntent || found.paymentIntent;
      return intent && intent.status === "requires_action" ? answer(clientSecret, intent) : found;
    };

    const createPaymentMethod = async ({ elements, element, type, card }) => {
      const from = (elements && elements.getElement()) || element;
      if (!from) return outcome(await call(key, "POST", "/v1/payment_methods", { type, card }), "paymentMethod");
      const problem = from.problem();
      if (problem) return problem;
      const { number, month, year, cvc } = from.card();
      const typed = { number, exp_month: month, exp_year: year, cvc };
      return outcome(await call(key, "POST", "/v1/payment_methods", { type: "card", card: typed }), "paymentMethod");
    };

    const leave = (options, secret, result) => {
      const back = options.confirmParams && options.confirmParams.return_url;
      if (result.error || options.redirect === "if_required" || !back) return result;
      const [, kind] = kindOf(secret);
      const name = kind === "setupIntent" ? "setup_intent" : "payment_intent";
      const where = new URL(back);
      where.searchParams.set(name, idOf(secret));
      where.searchParams.set(`${name}_client_secret`, secret);
      where.searchParams.set("redirect_status", "succeeded");
      window.location.assign(where);
      return new Promise(() => {});
    };

    const confirm = async (options) => {
      const secret = options.clientSecret || (options.elements && options.elements.options.clientSecret);
      const [path, kind] = kindOf(secret);
      let method = options.confirmParams && options.confirmParams.payment_method;
      if (!method) {
        const made = await createPaymentMethod(options);
        if (made.error) return made;
        method = made.paymentMethod.id;
      }
      const values = { client_secret: secret, payment_method: method };
      const reply = await call(key, "POST", `/v1/${path}/${idOf(secret)}/confirm`, values);
      if (reply.error) return { error: reply.error };
      const result = reply.status === "requires_action" ? await answer(secret, reply) : { [kind]: reply };
      return leave(options, secret, result);
    };

    return {
      elements: (options) => new Elements(options),
      confirmSetup: confirm,
      confirmPayment: confirm,
      confirmCardSetup: (clientSecret, data) => confirm({ clientSecret, confirmParams: data, redirect: "if_required" }),
      handleNextAction,
      createPaymentMethod,
      retrieveSetupIntent: retrieve,
      retrievePaymentIntent: retrieve,
      registerAppInfo: () => {},
    };
  };
  window.Stripe.version = "endive";
})();
