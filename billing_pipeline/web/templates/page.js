// The payment form. All money decisions are made by the server: this only hands what is typed to Stripe and asks what
// came of it.
(() => {
  "use strict";
  const form = document.getElementById("pay");
  const go = document.getElementById("go");
  const card = document.getElementById("card");
  const problem = document.getElementById("problem");
  const said = document.getElementById("said");
  const told = form.dataset;
  const label = go.textContent;

  const say = (words) => {
    problem.textContent = words;
    problem.hidden = !words;
  };

  const ask = async (where) => {
    const reply = await fetch(where, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ mode: told.mode }),
    });
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    return reply.json();
  };

  const busy = (is) => {
    go.disabled = is;
    go.textContent = is ? told.busy : label;
    form.setAttribute("aria-busy", String(is));
  };

  const finish = (news) => {
    said.textContent = news.said;
    said.className = news.tone;
    said.hidden = false;
    form.remove();
    said.tabIndex = -1;
    said.focus();
  };

  const confirm = (stripe, elements) => {
    const options = { elements, redirect: "if_required", confirmParams: { return_url: window.location.href } };
    return told.mode === "card" ? stripe.confirmSetup(options) : stripe.confirmPayment(options);
  };

  // Back from the bank's own page: the address then names the intent.
  const returned = /[?&](payment|setup)_intent=/.test(window.location.search);

  const start = async () => {
    const before = returned && (await ask(told.done));
    if (before && before.state !== "failed") return finish(before);
    const session = await ask(told.session);
    if (session.state !== "ready") return finish(session);
    const stripe = window.Stripe(told.key, { locale: told.locale });
    const elements = stripe.elements({ clientSecret: session.client_secret, locale: told.locale });
    const payment = elements.create("payment", { defaultValues: { billingDetails: { name: told.name } } });
    card.textContent = "";
    payment.mount("#card");
    payment.on("ready", () => {
      card.setAttribute("aria-busy", "false");
      busy(false);
    });
    payment.on("change", () => say(""));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (go.disabled) return;
      busy(true);
      say("");
      try {
        const { error } = await confirm(stripe, elements);
        if (error && error.type !== "invalid_request_error") {
          say(error.message || told.failed);
          return busy(false);
        }
        const news = await ask(told.done);
        if (news.state !== "failed") return finish(news);
        say((error && error.message) || told.failed);
      } catch {
        say(told.unsure); // the money may have moved: nobody may say that nothing was charged
      }
      busy(false);
    });
  };

  start().catch(() => {
    card.textContent = "";
    say(told.later);
  });
})();
