// A form is sent once: until the answer is there, sending it again does nothing.
(() => {
  "use strict";
  if (window.twofactorBusy) return;
  const busy = (window.twofactorBusy = new Map());
  const LONGEST = 20_000; // for answers that leave the page standing, such as downloads

  const mark = (button, is) => {
    button?.setAttribute("aria-disabled", is);
    button?.classList.toggle("twofactor-busy", is);
  };
  const end = (form) => {
    const [button, timer] = busy.get(form) ?? [];
    clearTimeout(timer);
    busy.delete(form);
    mark(button, false);
  };

  addEventListener("submit", (event) => {
    if (!busy.has(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  const begin = (event) => {
    const form = event.target;
    const button = event.submitter ?? form.querySelector("button:not([type=button])");
    const said = (name) => button?.getAttribute(`form${name}`) ?? form.getAttribute(name) ?? "";
    if (event.defaultPrevented || !/^(|_self)$/i.test(said("target"))) return;
    if (/^dialog$/i.test(said("method"))) return;
    mark(button, true);
    busy.set(form, [button, setTimeout(end, LONGEST, form)]);
    // A listener that comes after this one may have taken it.
    setTimeout(() => event.defaultPrevented && end(form));
  };
  // Added anew each time, it comes after the listeners of other scripts.
  document.addEventListener("submit", () => {
    removeEventListener("submit", begin);
    addEventListener("submit", begin);
  }, true);

  // Back in the browser's history shows the page as it was left.
  addEventListener("pageshow", (event) => event.persisted && [...busy.keys()].forEach(end));
})();
