// Answers with a passkey in the place of a code, and makes passkeys. It is loaded only where one may
// be used or made; without it the code works. `_passkey.html` has its blocks and all its words.
(() => {
  "use strict";
  if (window.twofactorPasskey) return;
  const WAY = "twofactor-way"; // how this browser answered last; it names nobody
  const SPARE = 30_000; // what a person needs before a challenge ends
  const seen = new WeakMap(); // what is known of each block
  let running = null; // the one ceremony: block, button, abort

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const encoded = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

  const part = (block, name) => block.querySelector(`[data-twofactor-${name}]`);
  const answerOf = (block) => block.querySelector("input[type=hidden]");
  const say = (block, text = "", wrong = false) => {
    const line = part(block, "says");
    line.textContent = text;
    line.classList.toggle("twofactor-field-error", wrong);
  };
  const mark = (button, is) => {
    button.setAttribute("aria-disabled", is);
    button.classList.toggle("twofactor-busy", is);
  };
  const remember = (way) => {
    try {
      if (way) localStorage.setItem(WAY, way);
      return localStorage.getItem(WAY);
    } catch {} // Some people forbid it.
  };

  // Why no passkey can be used here; empty if one can. The browser knows its origin, the server
  // behind a proxy may not.
  const fault = ({ dataset }) => {
    const { hostname, origin } = location;
    const { twofactorRp: rp, twofactorDoes: does } = dataset;
    const below = rp !== "localhost" && hostname.endsWith(`.${rp}`);
    if (hostname !== rp && !below && !dataset.twofactorOrigins.split(" ").includes(origin)) {
      return "elsewhere";
    }
    if (!window.PublicKeyCredential) return "unable";
    if (document.featurePolicy?.allowsFeature(`publickey-credentials-${does}`) ?? true) return "";
    console.warn(`The Permissions-Policy of this page forbids publickey-credentials-${does}.`);
    return "unable";
  };

  const isFresh = ({ until }) => Date.now() < until;
  // Fetch a challenge for the request that will carry the answer.
  const fetchOptions = async (block, isAgain = false) => {
    const state = seen.get(block);
    const { dataset } = block;
    const body = new URLSearchParams({ ...state.to, [dataset.twofactorField]: state.token });
    const pending = block.closest("form")?.querySelector("[name=twofactor_pending]");
    if ("twofactorPending" in dataset && pending) body.set(pending.name, pending.value);
    const headers = { Accept: "application/json" };
    const asked = Date.now();
    const response = await fetch(dataset.twofactorOptions, { method: "POST", body, headers });
    const answer = await response.json();
    state.token = answer.csrf_token ?? state.token;
    if (answer.error === "twofactor_csrf" && !isAgain) return fetchOptions(block, true);
    if (!response.ok) throw new Error(answer.message);
    if (!answer.publicKey) throw new Error(dataset.twofactorUnable);
    state.options = JSON.stringify(answer.publicKey);
    state.until = asked + 1000 * (answer.seconds ?? dataset.twofactorSeconds) - SPARE;
  };
  // One request at a time; what fails here is told at the click, which tries again.
  const prepare = (block) => {
    const state = seen.get(block);
    const end = () => (state.loading = null);
    state.loading ??= fetchOptions(block).finally(end);
    return state.loading;
  };

  const read = (options) => {
    const key = JSON.parse(options);
    key.challenge = bytes(key.challenge);
    if (key.user) key.user.id = bytes(key.user.id);
    for (const name of ["allowCredentials", "excludeCredentials"]) {
      key[name]?.forEach((one) => (one.id = bytes(one.id)));
    }
    return key;
  };
  // By hand: programs that stand in for the browser break `toJSON` and `getPublicKey`.
  const written = ({ rawId, type, authenticatorAttachment, response }) => {
    const id = encoded(rawId);
    const parts = {};
    const names = ["clientDataJSON", "attestationObject", "authenticatorData", "signature"];
    for (const name of [...names, "userHandle"]) {
      if (response[name]?.byteLength) parts[name] = encoded(response[name]);
    }
    if (parts.attestationObject) {
      try {
        parts.transports = response.getTransports();
      } catch {} // Not every browser tells them.
    }
    const attachment = authenticatorAttachment ?? undefined;
    const more = { authenticatorAttachment: attachment, clientExtensionResults: {} };
    return JSON.stringify({ id, rawId: id, type, ...more, response: parts });
  };

  const stop = () => {
    if (!running) return;
    const { block, button, abort } = running;
    running = null;
    abort.abort();
    mark(button, false);
    say(block);
  };
  const send = (block, text) => {
    const input = answerOf(block);
    const form = block.closest("form");
    const code = form?.querySelector(".twofactor-code");
    input.value = text;
    if (code) code.value = "";
    // It was read by then, and is sent once.
    form?.addEventListener("formdata", () => setTimeout(() => (input.value = "")), { once: true });
    if (block.closest("dialog")) {
      block.dispatchEvent(new CustomEvent("twofactor:answered", { bubbles: true }));
    } else form.requestSubmit();
  };
  // Nothing is awaited before the device is asked, if there are options: browsers want a click.
  const start = async (block, button) => {
    const { dataset } = block;
    const form = block.closest("form");
    const isMaking = dataset.twofactorDoes === "create";
    if (isMaking && form.elements[form.dataset.twofactorNeeds]?.checked === false) {
      return form.requestSubmit(); // The server says what is missing.
    }
    stop();
    const state = seen.get(block);
    const abort = new AbortController();
    const { signal } = abort;
    const mine = (running = { block, button, abort });
    mark(button, true);
    say(block, dataset.twofactorWaiting);
    let told = dataset.twofactorUnanswered;
    try {
      if (!isMaking && !isFresh(state)) await prepare(block);
      if (signal.aborted) return;
      told = "";
      const publicKey = read(button.dataset.twofactorPasskey || state.options);
      const container = navigator.credentials;
      const credential = await (isMaking
        ? container.create({ publicKey, signal })
        : container.get({ publicKey, signal }));
      if (running !== mine) return;
      state.until = 0;
      const text = written(credential);
      stop();
      if (!isMaking) remember("passkey");
      send(block, text);
    } catch (error) {
      if (running !== mine) return;
      stop();
      const words = {
        InvalidStateError: isMaking && dataset.twofactorThere,
        SecurityError: dataset.twofactorElsewhere,
        NotSupportedError: dataset.twofactorUnable,
      };
      const own = error instanceof Error && error.name === "Error" ? error.message : "";
      say(block, own || told || words[error.name] || dataset.twofactorCancelled, true);
      button.focus();
    }
  };

  const addressOf = (form) => {
    const { pathname, search } = new URL(form.getAttribute("action") || location.href, location);
    return pathname + search;
  };
  // A dialog has opened. The device is asked at once where this browser used a passkey last, once.
  const offer = (dialog, to, message, isCodes) => {
    const block = dialog.querySelector(".twofactor-passkey");
    const state = look(block);
    block.hidden = !state.is || !to.address;
    if (block.hidden) return;
    stop();
    Object.assign(state.to, to);
    state.until = 0;
    say(block, isCodes ? "" : message, true);
    const button = part(block, "passkey");
    if (!isCodes) button.focus();
    if (!message && !state.tried && remember() === "passkey") {
      state.tried = true;
      start(block, button);
    } else prepare(block).catch(() => {});
  };

  const look = (block) => {
    if (seen.has(block)) return seen.get(block);
    const { dataset } = block;
    const why = fault(block);
    const form = block.closest("form");
    const isDialog = !!block.closest("dialog");
    const { twofactorArea: area, twofactorMethod: method, twofactorAddress: address } = dataset;
    const to = { area, method, address: address || (form && !isDialog ? addressOf(form) : "") };
    const state = { is: !why, to, token: dataset.twofactorToken, until: 0 };
    seen.set(block, state);
    block.classList.toggle("twofactor-gone", !!why);
    block.hidden = !!why || isDialog;
    const line = block.parentElement.querySelector(`[data-twofactor-why="${why}"]`);
    if (line) line.hidden = false;
    const choice = part(block, "choose");
    if (choice && !why) choice.checked = true;
    if (!why && !isDialog && dataset.twofactorOptions) {
      const button = part(block, "passkey");
      const is = document.activeElement;
      if (button.autofocus && is.matches("body, .twofactor-code")) button.focus();
      whenVisible(() => prepare(block));
    }
    return state;
  };
  const whenVisible = (act) => {
    if (!document.hidden) return act().catch(() => {});
    addEventListener("visibilitychange", () => whenVisible(act), { once: true });
  };
  const blocks = () => [...document.querySelectorAll(".twofactor-passkey")];
  const lookAll = () => blocks().forEach(look);
  // Blocks that come later, with content swapped in, count as well.
  new MutationObserver(lookAll).observe(document, { childList: true, subtree: true });
  lookAll();

  document.addEventListener("click", ({ target, detail }) => {
    const button = target.closest?.("[data-twofactor-passkey]");
    if (!button || detail > 1) return; // The second of a double click starts nothing.
    const isBusy = button.getAttribute("aria-disabled") === "true";
    if (!isBusy || running?.button === button) start(button.closest(".twofactor-passkey"), button);
  });
  document.addEventListener("keydown", ({ key }) => key === "Escape" && stop());
  // A code that is sent ends the ceremony.
  addEventListener("submit", ({ target }) => {
    const block = target.querySelector(".twofactor-passkey");
    if (!block || answerOf(block)?.value) return;
    stop();
    if (target.querySelector(".twofactor-code")?.value) remember("code");
  }, true);
  // Coming back by the browser's history: an answer was for one time.
  const empty = () => blocks().map(answerOf).filter(Boolean).forEach((input) => (input.value = ""));
  addEventListener("pagehide", () => {
    stop();
    empty();
  });
  addEventListener("pageshow", ({ persisted }) => {
    empty();
    if (persisted) blocks().forEach((block) => (seen.get(block).until = 0));
  });

  window.twofactorPasskey = { offer, stop, say };
})();
