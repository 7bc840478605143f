// Asks for a code in a dialog over the page, and sends the form with it. `twofactor.js` loads it when
// it is needed.
(() => {
  "use strict";
  const { challenge, countDown, dialogOf, nonce, pressed } = window.twofactor;
  const NONE = document.createElement("input"); // in the place of the field, where there is no app
  const submitters = new WeakMap();
  let asked = null; // the open dialog: dialog, code, key, form, submitter, resolve, to, busy
  let byPasskey = false; // what was sent last
  let checking = null;
  let passing = null; // the form that is sent with its code
  let outcome = "";
  let forgetting = 0;

  // Attributes, since the names of fields hide the properties of a form.
  const said = (form, submitter, name) =>
    (submitter?.getAttribute(`form${name}`) ?? form.getAttribute(name) ?? "").toLowerCase();
  const addressOf = (form, submitter) => {
    const action = submitter?.getAttribute("formaction") || form.getAttribute("action");
    return new URL(action || location.href, document.baseURI);
  };
  // Removing an area asks for a code, adding one does not. Where only a passkey removes one, the
  // challenge page asks.
  const asksNow = (form) => {
    if (form.dataset.twofactorGuarded !== "fewer") return true;
    const unticked = [...form.elements].filter((box) => box.defaultChecked && !box.checked);
    return unticked.length && !unticked.some((box) => "twofactorAlone" in box.dataset);
  };
  // A box that the server insists on, such as that of a saved recovery code.
  const isReady = (form) => form.elements[form.dataset.twofactorNeeds]?.checked ?? true;
  // Other forms go the browser's own way, to the challenge page.
  const canAsk = (dialog, form, submitter) =>
    dialog?.showModal &&
    isReady(form) &&
    form.requestSubmit &&
    window.fetch &&
    ["", "_self"].includes(said(form, submitter, "target")) &&
    said(form, submitter, "method") !== "dialog" &&
    said(form, submitter, "enctype") !== "text/plain" &&
    addressOf(form, submitter).origin === location.origin &&
    asksNow(form);

  const isDigit = (point) => /\p{Nd}/u.test(String.fromCodePoint(point));
  // Six digits of any script, with no letter between them. Each script has its ten in a row. What
  // has as many letters and digits as a recovery code is none.
  const isCode = (text) =>
    /^\P{Nd}*\p{Nd}([^\p{L}\p{N}]*\p{Nd}){5}\P{Nd}*$/u.test(text) &&
    text.match(/[\p{L}\p{N}]/gu).length < 16;
  const digitsIn = (text) => {
    if (!isCode(text)) return "";
    const points = [...text].map((sign) => sign.codePointAt(0)).filter(isDigit);
    const digits = points.map((point) => {
      let below = 0;
      while (isDigit(point - below - 1)) below += 1;
      return below % 10;
    });
    return digits.join("");
  };

  const mark = (button, is) => {
    button?.setAttribute("aria-disabled", is);
    button?.classList.toggle("twofactor-busy", is);
  };

  const part = (dialog, name) => dialog.querySelector(`[data-twofactor-${name}]`);
  const say = ({ dialog, code }, text) => {
    const error = dialog.querySelector(".twofactor-dialog-error");
    error.textContent = text;
    code.setAttribute("aria-invalid", !!text);
    code.setAttribute("aria-describedby", `${code.id}-hint ${error.id}`);
    if (text) code.focus();
  };
  const setBusy = (state, is) => {
    state.busy = is;
    mark(part(state.dialog, "confirm"), is);
    mark(part(state.dialog, "passkey"), is);
  };
  // What a passkey signs names the request that will carry its answer.
  const carrier = ({ form, submitter, to }) => {
    if (!form) return to ?? {};
    const { pathname, search } = addressOf(form, submitter);
    return { method: said(form, submitter, "method").toUpperCase(), address: pathname + search };
  };
  let loading = null;
  const loadPasskey = (block) => (loading ??= new Promise((done) => {
    const script = document.createElement("script");
    script.onload = script.onerror = done;
    script.src = block.dataset.twofactorScript;
    script.nonce = nonce;
    document.head.append(script);
  }));
  const offer = async (state, message) => {
    const { dialog } = state;
    if (!window.twofactorPasskey) await loadPasskey(dialog.querySelector(".twofactor-passkey"));
    if (asked !== state) return;
    if (window.twofactorPasskey) present(state, message);
  };
  // The device is asked at once, but only once, where a passkey was used last.
  const present = (state, message) => {
    const { look, ready, start, tell, way } = window.twofactorPasskey;
    const one = look(state.dialog.querySelector(".twofactor-passkey"));
    const { block, button } = one;
    const to = carrier(state);
    block.hidden = one.fault || !to.address;
    if (block.hidden) return;
    const isCodes = message && !byPasskey; // what is wrong was said at the code
    const isTyping = state.code.value; // on a slow line, the script comes after the person began
    Object.assign(one.body, to);
    one.until = 0;
    tell(one, button, isCodes ? "" : message, false, true);
    if (!isCodes && !isTyping) button.focus();
    const isFirst = !message && !isTyping && !one.tried && way() === "passkey";
    one.tried ||= isFirst;
    if (isFirst) start(one, button);
    else ready(one).catch(() => {}); // The click tries again.
  };
  const open = (dialog, form, submitter, refusal = {}, resolve = null, to = null) => {
    if (asked && asked.dialog !== dialog) shut();
    clearTimeout(forgetting);
    const code = dialog.querySelector(".twofactor-code") ?? NONE;
    const key = dialog.querySelector(".twofactor-passkey > [type=hidden]") ?? NONE;
    asked = { dialog, code, key, form, submitter, resolve, to };
    code.value = "";
    const over = refusal.error === "twofactor_done";
    const cancel = part(dialog, "cancel");
    for (const name of ["confirm", "passkey"]) part(dialog, name)?.toggleAttribute("hidden", over);
    cancel.dataset.twofactorCancel ||= cancel.textContent;
    cancel.textContent = over ? dialog.dataset.twofactorBack : cancel.dataset.twofactorCancel;
    const lost = part(dialog, "lost");
    if (lost) lost.parentElement.hidden = !form;
    const summary = dialog.querySelector(".twofactor-dialog-summary");
    if (summary && refusal.summary) {
      summary.textContent = refusal.summary;
      summary.hidden = false;
    }
    if (!dialog.open) dialog.showModal();
    code.focus();
    const message = refusal.error === "twofactor_required" ? "" : (refusal.message ?? "");
    say(asked, byPasskey && !over ? "" : message);
    wait(dialog, refusal.retry_after);
    if (key !== NONE && !over) offer(asked, message);
  };
  const wait = (dialog, seconds) => {
    const line = dialog.querySelector(".twofactor-dialog-wait");
    if (!line) return;
    const fresh = (dialog.twofactorLine ??= line.cloneNode(true)).cloneNode(true);
    line.replaceWith(fresh);
    if (!seconds || seconds >= 86_400) return;
    dialog.querySelector(".twofactor-fresh")?.remove();
    fresh.hidden = false;
    fresh.dataset.twofactorWait = seconds;
    countDown(fresh);
  };
  const shut = (answer = null, keep = false) => {
    if (!asked) return;
    const { dialog, code, key, resolve } = asked;
    asked = null;
    window.twofactorPasskey?.stop();
    if (!keep) code.value = key.value = "";
    dialog.close();
    resolve?.(answer);
  };
  // What a script gets for its own request: the digits, or, if it said what it will send, headers.
  const headers = ({ code, key, to }) => {
    if (!to) return code.value;
    const coded = () => btoa(key.value).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
    if (key.value) return { "X-Twofactor-Passkey": coded() };
    const digest = to.digest && { "X-Twofactor-Digest": to.digest };
    return { "X-Twofactor-Code": code.value, ...digest };
  };
  const confirm = () => {
    const state = asked;
    if (!state || state.busy) return;
    const { code, key } = state;
    byPasskey = !!key.value;
    if (!byPasskey) {
      window.twofactorPasskey?.stop();
      const digits = digitsIn(code.value);
      if (!digits) return say(state, state.dialog.dataset.twofactorMalformed);
      code.value = digits;
    }
    if (state.form) pass(state);
    else shut(headers(state));
  };

  const again = (form, submitter, how) => {
    passing = form;
    outcome = how;
    submitters.set(form, submitter);
    form.requestSubmit(submitter?.form === form ? submitter : null);
    passing = null;
  };
  // Send the form once more, with its code, and see whether a script of the host takes it.
  const pass = (state) => {
    const { form, code, key, submitter } = state;
    const forget = () => {
      key.value = "";
      if (asked?.code !== code) code.value = "";
    };
    form.addEventListener("formdata", () => setTimeout(forget), { once: true });
    // htmx 2 forgets the button when the focus leaves it for the dialog.
    submitter?.dispatchEvent(new FocusEvent("focusin", { bubbles: true }));
    again(form, submitter, "");
    if (outcome === "ours") return deliver(state);
    shut(null, outcome === "taken");
    // It was read by now, or is read at once: no code is sent twice.
    forgetting = setTimeout(forget, 1000);
  };
  const settle = (event) => {
    if (event.target !== passing) return;
    if (event.defaultPrevented) outcome = "taken";
    else if (said(passing, event.submitter, "method") === "post") outcome = "ours";
    else asked.code.value = asked.key.value = ""; // never in an address
    if (outcome === "ours") event.preventDefault();
  };

  const post = (form, submitter, header, leavesOut = () => false) => {
    const data = new FormData(form);
    if (submitter?.name) data.append(submitter.name, submitter.value);
    const fields = [...data].filter((field) => !leavesOut(...field));
    const lines = (text) => text.replace(/\r\n?|\n/g, "\r\n");
    const isMultipart = said(form, submitter, "enctype") === "multipart/form-data";
    const body = isMultipart ? new FormData() : new URLSearchParams();
    for (const [name, value] of fields) {
      if (isMultipart) body.append(name, value);
      else body.append(lines(name), lines(value.name ?? value));
    }
    return fetch(addressOf(form, submitter), {
      method: "POST",
      body,
      headers: { [header]: "1", Accept: "text/html,*/*;q=0.8" },
      signal: AbortSignal.timeout?.(60_000),
    });
  };
  // A view's `return "", 204` has the type of a page, too.
  const isPage = ({ headers, status }) =>
    status !== 204 && /^text\/html/i.test(headers.get("Content-Type"));

  const deliver = async (state) => {
    setBusy(state, true);
    say(state, "");
    try {
      const answer = await post(state.form, state.submitter, "X-Twofactor-Dialog");
      if (await receive(state, answer)) return;
    } catch {
      say(state, state.dialog.dataset.twofactorUnanswered);
    }
    setBusy(state, false);
  };
  // Do with the answer as the browser would; return whether this page is left.
  const receive = async ({ form }, response) => {
    const { headers } = response;
    const leads = headers.get("X-Twofactor-Location");
    if (leads ?? response.redirected) return go(leads ?? response.url, response.url);
    const disposition = headers.get("Content-Disposition");
    if (/^attachment/i.test(disposition)) {
      save(await response.blob(), disposition);
    } else if (isPage(response)) {
      return show(await response.text(), response, form);
    } else if (response.status !== 204) {
      const blob = await response.blob();
      const detail = /json/.test(blob.type) ? JSON.parse(await blob.text()) : {};
      if (detail.activate) return go(detail.activate, response.url);
      if ("retry_after" in detail) {
        const refused = { bubbles: true, cancelable: true, detail };
        form.dispatchEvent(new CustomEvent("twofactor:required", refused));
        return;
      }
      location.assign(URL.createObjectURL(blob));
    }
    shut();
  };
  const go = (to, base) => {
    const url = new URL(to, base);
    // With a hash, the address of this very page would only be scrolled to.
    if (url.hash && url.href.split("#")[0] === location.href.split("#")[0]) {
      history.replaceState(null, "", `${url.pathname}${url.search || "?"}&`);
      location.replace(url);
    } else location.assign(url);
    return true;
  };
  const save = (blob, disposition) => {
    const link = document.createElement("a");
    const [, coded] = /filename\*=UTF-8''([^;]+)/i.exec(disposition) ?? [];
    const [, plain] = /filename="?([^";]*)/i.exec(disposition) ?? [];
    link.download = coded ? decodeURIComponent(coded) : (plain ?? "");
    link.href = URL.createObjectURL(blob);
    link.click();
  };
  // The policy of this page stays, with its nonce, when another is shown in it.
  const allowed = (html, { headers }) => {
    const [, other] = /'nonce-([^']+)'/.exec(headers.get("Content-Security-Policy")) ?? [];
    return nonce && other ? html.replaceAll(`nonce="${other}"`, `nonce="${nonce}"`) : html;
  };
  // Show a page in place of this one; passwords and files that were given are put back into it.
  const show = (html, response, form, isForm = response.status >= 400) => {
    const given = [...form.elements].filter(
      ({ type, value }) => value && /^(password|file)$/.test(type),
    );
    delete window.twofactor;
    delete window.twofactorBusy;
    delete window.twofactorPasskey;
    history.replaceState(null, "", response.url);
    document.open();
    document.write(allowed(html, response));
    document.close();
    document.querySelector("[autofocus]")?.focus();
    if (!isForm && !document.querySelector("[aria-invalid=true]")) return true;
    for (const { type, name, value, files } of given) {
      const field = [...document.querySelectorAll(`input[type=${type}]`)].find(
        (one) => one.name === name && !one.value,
      );
      if (field) field[files ? "files" : "value"] = files ?? value;
    }
    return true;
  };

  // The dialog of the preferences names the areas whose boxes were unticked.
  const removed = (dialog, form) => {
    const lines = part(dialog, "removed")?.dataset ?? {};
    const unticked = (name) => [...form.elements]
      .filter((box) => box.name === name && box.defaultChecked && !box.checked)
      .map(({ value }) => value);
    const without = unticked("areas");
    const again = unticked("only").filter((key) => !without.includes(key));
    const named = (line, keys) => {
      const labels = keys.map((key) => form.querySelector(`[for="twofactor-area-${key}"]`));
      const names = labels.map((label) => label?.textContent.trim());
      return line && keys.length ? [line.replace("{}", names.join(", "))] : [];
    };
    const told = [...named(lines.twofactorRemoved, without), ...named(lines.twofactorEased, again)];
    return told.join(" · ");
  };

  // Where a dialog wants it, the form is looked at before the code is asked.
  const begin = async (dialog, form, submitter) => {
    let summary = removed(dialog, form);
    if ("twofactorCheck" in dialog.dataset) {
      const secrets = [...form.elements].filter((field) =>
        field.matches("dialog *, [type=file], [autocomplete=current-password]"),
      );
      checking = form;
      mark(submitter, true);
      try {
        const isSecret = (name) => secrets.some((field) => field.name === name);
        const response = await post(form, submitter, "X-Twofactor-Check", isSecret);
        if (isPage(response) && !response.redirected && response.status < 500) {
          return show(await response.text(), response, form, true);
        }
        summary ||= decodeURIComponent(response.headers.get("X-Twofactor-Summary") ?? "");
      } catch {} // The server decides when the form is sent.
      checking = null;
      mark(submitter, false);
    }
    if (form.isConnected) open(dialog, form, submitter, { summary, error: "twofactor_required" });
  };

  // The first of all listeners calls it, so that nobody sends the form before its code is there.
  const submit = (event) => {
    const form = event.target;
    if (passing === form) {
      if (outcome === "native") event.stopImmediatePropagation();
      return;
    }
    const dialog = dialogOf(form);
    if (!canAsk(dialog, form, event.submitter)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (asked?.dialog === dialog && dialog.open) confirm();
    else if (!asked?.busy && checking !== form) begin(dialog, form, event.submitter);
  };
  // Added anew each time, `settle` comes after the listeners of other scripts.
  document.addEventListener("submit", () => {
    removeEventListener("submit", settle);
    addEventListener("submit", settle);
  }, true);

  const fetchDialog = async (area, parent, digest = "") => {
    const answer = await fetch(`${challenge}?${new URLSearchParams({ area, digest })}`, {
      headers: { "X-Twofactor-Dialog": "1", Accept: "text/html" },
    });
    if (answer.status === 204) return null;
    const template = document.createElement("template");
    template.innerHTML = await answer.text();
    const dialog = template.content.querySelector("dialog.twofactor-dialog");
    if (!answer.ok || !dialog) throw new Error(`No dialog for the area ${area}: ${answer.status}`);
    parent.append(dialog);
    return dialog;
  };
  // With the `digest` of a refusal, where an area is exact, the dialog shows its `summary`.
  const ask = async (area, about = null) => {
    const { method, address, digest, summary } = about ?? {};
    const to = about && { method, address, ...(digest && { digest }) };
    const there = document.getElementById(`twofactor-${area}-question`)?.closest("dialog");
    const dialog = there ?? (await fetchDialog(area, document.body, digest));
    if (!dialog) return "";
    const given = await new Promise((resolve) =>
      open(dialog, null, null, { summary, error: "twofactor_required" }, resolve, to),
    );
    if (digest) dialog.remove();
    return given;
  };
  // Where an area is exact, the form goes to the challenge page, which shows what it will do. It is
  // a form of its own, since a script of the host may take the other one.
  const turn = (form, submitter, { address, fields }) => {
    shut();
    const own = new FormData(form);
    if (submitter?.name) own.append(submitter.name, submitter.value);
    for (const name in fields) own.set(name, fields[name]);
    const page = document.createElement("form");
    Object.assign(page, { method: "post", action: address, hidden: true });
    for (const [name, value] of own) {
      if (value.name !== undefined || name.startsWith("twofactor_")) continue;
      const field = document.createElement("textarea");
      Object.assign(field, { name, value });
      page.append(field);
    }
    document.body.append(page);
    HTMLFormElement.prototype.submit.call(page);
  };
  // A form was refused: the server told htmx, or this script tells everybody.
  const refused = async (event) => {
    const form = event.target.closest?.("form");
    const { detail } = event;
    if (event.defaultPrevented || !form || !detail) return;
    if (detail.page) return turn(form, pressed.get(form), detail.page);
    const dialog = dialogOf(form) ?? (detail.area && (await fetchDialog(detail.area, form)));
    if (dialog) open(dialog, form, submitters.get(form), detail);
  };

  // The form goes without a code, to the page that takes the recovery code and keeps the form.
  const lose = ({ form, submitter }) => {
    shut();
    again(form, submitter, "native");
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button");
    const does = (name) => button?.hasAttribute(`data-twofactor-${name}`);
    if (does("confirm")) confirm();
    else if (does("cancel") && !asked?.busy) shut();
    else if (does("lost") && !asked.busy) lose(asked);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== asked?.code) return;
    event.preventDefault();
    if (!event.repeat) confirm();
  });
  document.addEventListener("twofactor:answered", (event) => {
    if (event.target.closest("dialog") !== asked?.dialog) return;
    event.preventDefault();
    confirm();
  });
  document.addEventListener("cancel", (event) => {
    if (asked?.busy && event.target === asked.dialog) event.preventDefault();
  }, true);
  document.addEventListener("close", ({ target }) => {
    if (target === asked?.dialog && !target.open && !asked.busy) shut();
  }, true);
  // Coming back by the browser's history: the code was for one time.
  addEventListener("pageshow", (event) => {
    if (!event.persisted || !asked) return;
    setBusy(asked, false);
    shut();
  });

  // So that it is there when a dialog opens.
  const early = document.querySelector("[data-twofactor-script]");
  if (early) loadPasskey(early);
  window.twofactor.parts = { ask, refused, submit };
})();
