// Everything works without this script. It loads the dialog that asks for a code over the page
// (`dialog.js`) when one is needed; it counts down, prints and copies.
(() => {
  "use strict";
  if (window.twofactor) return;

  const { src, dataset, nonce } =
    document.currentScript ?? document.querySelector("script[src*='twofactor.js']");
  const challenge = dataset.twofactorChallenge ?? new URL("../challenge", src).href;
  const dialogOf = (form) =>
    [...form.elements].map((field) => field.closest(".twofactor-dialog")).find(Boolean);

  const pressed = new WeakMap(); // the button of each form
  let loading = null;
  let gone = false;
  const load = () => (loading ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = src.replace("twofactor.js", "dialog.js");
    script.nonce = nonce;
    script.onload = () => done(window.twofactor.parts);
    script.onerror = failed;
    document.head.append(script);
  }));

  // First of all listeners, so that nobody sends the form before its code is there.
  addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    const { parts } = window.twofactor;
    pressed.set(form, submitter);
    if (parts) return parts.submit(event);
    if (gone || !form.requestSubmit || !dialogOf(form)?.showModal) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    // Without the dialog, the form goes to the challenge page.
    load().catch(() => (gone = true)).then(() => form.requestSubmit(submitter));
  }, true);
  addEventListener("focusin", ({ target }) => {
    if (target.form && dialogOf(target.form)) load().catch(() => (gone = true));
  });
  addEventListener("twofactor:required", async (event) => (await load()).refused(event));
  const ask = async (...what) => (await load()).ask(...what);

  const copy = async (button) => {
    const source = document.getElementById(button.dataset.twofactorCopy);
    const status = button.parentElement.querySelector(".twofactor-said");
    const text = button.dataset.twofactorCopy === "twofactor-secret"
      ? source.textContent.replace(/\s/g, "")
      : source.textContent.trim();
    let told = button.dataset.twofactorCopied;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      getSelection().selectAllChildren(source);
      told = button.dataset.twofactorSelected;
    }
    if (status) status.textContent = told;
  };
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("button");
    if (button?.hasAttribute("data-twofactor-print")) window.print();
    else if (button?.hasAttribute("data-twofactor-copy")) copy(button);
  });

  // What was done, or is wrong, is read first. Not every browser focuses a notice by its attribute.
  const notice = document.querySelector(".twofactor-notice[autofocus]");
  if (document.activeElement === document.body) notice?.focus();

  // How long until an answer is judged again; screen readers hear of the end alone.
  const counted = new WeakSet();
  const countDown = (line) => {
    if (counted.has(line)) return;
    counted.add(line);
    const time = line.querySelector("[role=timer]");
    const end = Date.now() + 1000 * line.dataset.twofactorWait;
    const two = (number) => String(number).padStart(2, "0");
    const tick = () => {
      const left = Math.ceil((end - Date.now()) / 1000);
      if (left <= 0) {
        line.setAttribute("role", "status");
        line.textContent = line.dataset.twofactorOver;
      } else {
        const hours = Math.floor(left / 3600);
        const minutes = Math.floor(left / 60) % 60;
        time.textContent = `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(left % 60)}`;
        if (line.isConnected) setTimeout(tick, (end - Date.now()) % 1000 || 1000);
      }
    };
    tick();
  };
  // Two minutes before a form's time is up, a line says so.
  const warn = (line) => {
    if (counted.has(line)) return;
    counted.add(line);
    const left = Number(line.dataset.twofactorEnds);
    setTimeout(() => {
      line.dataset.twofactorWait = Math.min(left, 120);
      line.hidden = false;
      counted.delete(line);
      countDown(line);
    }, Math.max(0, left - 120) * 1000);
  };
  // Lines that come later, with content swapped in, count as well.
  const look = () => {
    document.querySelectorAll("[data-twofactor-wait]").forEach(countDown);
    document.querySelectorAll("[data-twofactor-ends]").forEach(warn);
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
  look();

  window.twofactor = { ask, challenge, countDown, dialogOf, nonce, pressed };
})();
