// The simulator's stand-in for Stripe.js: the same global and calls, a form for cards and bank debits, and a challenge
// that can be passed or failed. Typed test numbers behave as docs.stripe.com/testing says. It talks only to where it was loaded from.
(() => {
  "use strict";
  const home = new URL(document.currentScript.src).origin;
  const KINDS = { seti: ["setup_intents", "setupIntent"], pi: ["payment_intents", "paymentIntent"] };

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

  // What the form asks for each way to pay, and what becomes of it as a payment method.
  const WAYS = {
    card: {
      title: "Card",
      fields: [
        ["number", "Card number", "1234 1234 1234 1234", "cc-number"],
        ["expiry", "Expiration date", "MM / YY", "cc-exp"],
        ["cvc", "Security code", "CVC", "cc-csc"],
      ],
      problem: ({ number, expiry, cvc }) => {
        const month = Number(expiry.slice(0, 2));
        if (number.length < 13) return invalid("incomplete_number", "Your card number is incomplete.");
        if (!luhn(number)) return invalid("invalid_number", "Your card number is invalid.");
        if (!(month >= 1 && month <= 12) || expiry.length < 4) {
          return invalid("incomplete_expiry", "Your card's expiration date is incomplete.");
        }
        return cvc.length < 3 ? invalid("incomplete_cvc", "Your card's security code is incomplete.") : null;
      },
      details: ({ number, expiry, cvc }) => ({
        number, cvc, exp_month: Number(expiry.slice(0, 2)), exp_year: 2000 + Number(expiry.slice(-2)),
      }),
    },
    us_bank_account: {
      title: "US bank account",
      fields: [
        ["holder", "Name on the account", "", "name"],
        ["routing", "Routing number", "110000000", "off"],
        ["account", "Account number", "000123456789", "off"],
      ],
      problem: ({ holder, routing, account }) => {
        if (!holder) return invalid("incomplete_name", "Your name is incomplete.");
        if (routing.length !== 9) return invalid("incomplete_routing_number", "Your routing number is incomplete.");
        return account ? null : invalid("incomplete_account_number", "Your account number is incomplete.");
      },
      details: ({ routing, account }) => ({
        routing_number: routing, account_number: account, account_holder_type: "individual",
      }),
    },
    sepa_debit: {
      title: "SEPA Direct Debit",
      fields: [
        ["holder", "Name on the account", "", "name"],
        ["iban", "IBAN", "AT61 1904 3002 3457 3201", "off"],
      ],
      problem: ({ holder, iban }) => {
        if (!holder) return invalid("incomplete_name", "Your name is incomplete.");
        return iban.length < 15 ? invalid("incomplete_iban", "Your IBAN is incomplete.") : null;
      },
      details: ({ iban }) => ({ iban }),
    },
  };

  class PaymentElement {
    constructor(types, options) {
      this.handlers = {};
      this.inputs = {};
      this.holder = (((options || {}).defaultValues || {}).billingDetails || {}).name || "";
      this.root = document.createElement("div");
      this.root.className = "StripeElement";
      this.drawn = types.then((known) => this.draw(known.filter((type) => WAYS[type])));
    }
    draw(types) {
      this.fields = document.createElement("div");
      if (types.length > 1) this.root.append(this.choices(types));
      this.root.append(this.fields);
      this.show(types[0] || "card");
    }
    choices(types) {
      const box = document.createElement("fieldset");
      const legend = document.createElement("legend");
      legend.textContent = "Payment method";
      box.append(legend);
      for (const [place, type] of types.entries()) {
        const label = document.createElement("label");
        const input = document.createElement("input");
        Object.assign(input, { type: "radio", name: "way", value: type, checked: place === 0 });
        input.addEventListener("change", () => this.show(type));
        label.append(input, ` ${WAYS[type].title}`);
        box.append(label);
      }
      return box;
    }
    show(type) {
      this.type = type;
      this.inputs = {};
      this.fields.replaceChildren(...WAYS[type].fields.map((field) => this.field(...field)));
      if (this.inputs.holder) this.inputs.holder.value = this.holder;
      this.emit("change", { elementType: "payment", complete: false, value: { type } });
    }
    field(name, title, hint, complete) {
      const label = document.createElement("label");
      label.textContent = title;
      const input = document.createElement("input");
      Object.assign(input, { name, placeholder: hint, autocomplete: complete });
      if (!["holder", "iban"].includes(name)) input.inputMode = "numeric";
      input.setAttribute("aria-label", title);
      input.addEventListener("input", () => this.emit("change", { elementType: "payment", complete: !this.problem() }));
      label.append(input);
      this.inputs[name] = input;
      return label;
    }
    typed() {
      const plain = { holder: (text) => text.trim(), iban: (text) => text.replace(/\s/g, "").toUpperCase() };
      const read = ([name, input]) => [name, (plain[name] || digitsOf)(input.value)];
      return Object.fromEntries(Object.entries(this.inputs).map(read));
    }
    problem() {
      return WAYS[this.type].problem(this.typed());
    }
    method() {
      const typed = this.typed();
      return { type: this.type, [this.type]: WAYS[this.type].details(typed), billing_details: { name: typed.holder } };
    }
    mount(where) {
      const target = typeof where === "string" ? document.querySelector(where) : where;
      if (!target) throw new Error(`The selector you specified (${where}) applies to no DOM elements.`);
      target.replaceChildren(this.root);
      this.drawn.then(() => this.emit("ready", { elementType: "payment" }));
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
      Object.values(this.inputs)[0].focus();
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
    constructor(options, types) {
      this.options = options || {};
      this.types = types;
      this.made = null;
    }
    create(kind, options) {
      if (kind !== "payment" && kind !== "card") throw new Error(`The simulator has no "${kind}" element.`);
      this.made = new PaymentElement(kind === "card" ? Promise.resolve(["card"]) : this.types(), options);
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

    // What the intent takes, so that the form offers just that. Without one the form is for cards.
    const typesOf = async (secret) => {
      const found = secret ? await retrieve(secret) : {};
      const intent = found.setupIntent || found.paymentIntent;
      return (intent && intent.payment_method_types) || ["card"];
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
      return outcome(await call(key, "POST", "/v1/payment_methods", from.method()), "paymentMethod");
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
      elements: (options) => new Elements(options, () => typesOf((options || {}).clientSecret)),
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
