// Passkeys: see `_passkey.html`.
(() => {
  "use strict";
  if (window.twofactorPasskey) return;
  const seen = new Map();
  let stop = () => {}; // the one ceremony

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt());
  const encoded = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  const way = (now) => {
    try {
      return (localStorage.twofactor = now ?? localStorage.twofactor);
    } catch {}
  };
  const tell = (one, button, text = "", isBusy = false, isWrong = false) => {
    one.isAsking = isBusy;
    one.line.textContent = text;
    one.line.className = isWrong ? one.line.dataset.wrong : "twofactor-passkey-says";
    button.setAttribute("aria-disabled", isBusy);
    button.classList.toggle("twofactor-busy", isBusy);
    if (!isBusy) one.idle?.();
  };

  const fault = ({ does, rp, origins }) => {
    const { hostname, origin } = location;
    const isBelow = rp !== "localhost" && hostname.endsWith(`.${rp}`);
    if (hostname !== rp && !isBelow && !origins.includes(origin)) return "SecurityError";
    const feature = `publickey-credentials-${does}`;
    const isForbidden = document.featurePolicy?.allowsFeature(feature) === false;
    if (isForbidden) console.warn(`Permissions-Policy forbids ${feature}`);
    return isForbidden || !window.PublicKeyCredential ? "NotSupportedError" : "";
  };

  const prepare = async (one, isAgain) => {
    const body = new URLSearchParams({ ...one.body, [one.field]: one.token });
    if (one.pending) body.set("twofactor_pending", one.form.elements.twofactor_pending.value);
    const from = Date.now();
    const headers = { Accept: "application/json" };
    const said = await fetch(one.options, { method: "POST", body, headers })
      .then((answer) => answer.json())
      .catch(() => ({ message: one.words.unanswered }));
    one.token = said.csrf_token ?? one.token;
    if (said.error === "twofactor_csrf" && !isAgain) return prepare(one, true);
    if (!said.publicKey) throw { name: "NotSupportedError", told: said.message };
    one.json = JSON.stringify(said.publicKey);
    one.life = 1000 * said.seconds;
    one.until = from + one.life - 30_000;
  };
  const ready = (one) => (one.loading ??= prepare(one).finally(() => (one.loading = null)));

  const read = (json, more) => {
    const key = { ...JSON.parse(json), ...JSON.parse(more || "{}") };
    const { user, allowCredentials = [], excludeCredentials = [] } = key;
    key.challenge = bytes(key.challenge);
    if (user) user.id = bytes(user.id);
    for (const it of [...allowCredentials, ...excludeCredentials]) it.id = bytes(it.id);
    return key;
  };
  // Some extensions break `toJSON`.
  const written = ({ rawId, type, authenticatorAttachment, response: from }) => {
    const id = encoded(rawId);
    const response = { transports: from.getTransports?.() };
    for (const name in from) {
      if (from[name]?.byteLength) response[name] = encoded(from[name]);
    }
    const clientExtensionResults = {};
    return JSON.stringify(
      { id, rawId: id, type, response, authenticatorAttachment, clientExtensionResults });
  };

  const its = (form, css) => form && [...form.elements].find((one) => one.matches(css));
  const send = ({ block, form, input }, text) => {
    const code = its(form, ".twofactor-code");
    if (code) code.value = "";
    input.value = text;
    form?.addEventListener("formdata", () => setTimeout(() => (input.value = "")), { once: true });
    const answered = new Event("twofactor:answered", { bubbles: true, cancelable: true });
    if (block.dispatchEvent(answered)) form.requestSubmit();
  };
  // No await between click and device.
  const start = async (one, button, mediation) => {
    const { does, form, options, words } = one;
    const needed = form?.elements[form.dataset.twofactorNeeds];
    if (needed?.checked === false) return form.requestSubmit();
    stop();
    const abort = new AbortController();
    const { signal } = abort;
    stop = (byKey) => {
      if (signal.aborted || (byKey && mediation)) return;
      abort.abort();
      if (!mediation) tell(one, button);
    };
    if (!mediation) tell(one, button, words.waiting, true);
    try {
      if (options && Date.now() > one.until) await ready(one);
      if (signal.aborted) return;
      const publicKey = read(one.json, button.dataset.twofactorPasskey);
      const text = written(await navigator.credentials[does]({ publicKey, signal, mediation }));
      if (signal.aborted) return;
      stop();
      one.until = 0;
      if (options) way("passkey");
      send(one, text);
    } catch ({ name, told }) {
      if (signal.aborted) return;
      stop();
      if (mediation) return true;
      tell(one, button, told ?? words[name] ?? words.cancelled, false, true);
      if (!document.activeElement.matches("input")) button.focus();
    }
  };

  const look = (block) => {
    if (seen.has(block)) return seen.get(block);
    const one = { ...JSON.parse(block.dataset.twofactorKey), block, until: 0 };
    seen.set(block, one);
    one.button = block.querySelector("[data-twofactor-passkey]");
    one.json = one.button?.dataset.twofactorPasskey;
    one.input = block.querySelector("[type=hidden]") ?? {};
    one.form = one.input.form ?? block.closest("form");
    one.line = block.querySelector("[role=status]");
    one.fault = fault(one);
    for (const line of block.parentElement.querySelectorAll("[data-twofactor-why]")) {
      line.hidden = line.dataset.twofactorWhy !== one.fault;
    }
    block.classList.toggle("twofactor-gone", one.fault);
    block.hidden = one.fault || block.closest("dialog");
    if (block.hidden) return one;
    block.querySelector("[data-twofactor-choose]")?.click();
    if (one.options && !(one.body.alone && document.hidden)) ready(one).catch(() => {});
    const at = document.activeElement;
    if (one.button?.autofocus && !at.value && at.matches("body, .twofactor-code")) {
      one.button.focus();
    }
    return one;
  };
  document.querySelectorAll(".twofactor-passkey").forEach(look);

  addEventListener("click", ({ target, detail }) => {
    const button = target.closest?.("[data-twofactor-passkey]");
    if (!button || detail > 1) return;
    const one = look(button.closest(".twofactor-passkey"));
    if (one.isAsking || !button.matches(".twofactor-busy")) start(one, button);
  });
  addEventListener("keydown", ({ key }) => key === "Escape" && stop(true));
  addEventListener("submit", ({ target }) => {
    if (its(target, ".twofactor-passkey > [type=hidden]")?.value !== "") return;
    stop();
    if (its(target, ".twofactor-code")?.value) way("code");
  }, true);
  addEventListener("pagehide", () => {
    stop();
    for (const one of seen.values()) one.input.value = one.until = "";
  });

  window.twofactorPasskey = { look, ready, start, tell, way, stop: () => stop() };
})();
