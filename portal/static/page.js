// Loads the other scripts of the portal when they are needed. Every page works without them.
(() => {
  "use strict";

  const { src, dataset } = document.currentScript;
  const load = (name) =>
    new Promise((done) => {
      const script = document.createElement("script");
      script.src = new URL(name, src);
      script.defer = true;
      script.onload = script.onerror = done;
      document.head.append(script);
    });

  // The sign-in page sends the time zone of the browser, so that times are the reader's.
  for (const zone of document.querySelectorAll("input[data-zone]")) {
    zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  }

  // The language switch keeps what is typed (`typed.js`).
  let switching = false;
  const stored = () => {
    try {
      return "typed" in sessionStorage;
    } catch {
      return false;
    }
  };
  const typed = () => (switching = true) && load("typed.js");
  if (stored()) typed();
  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (switching || !form.requestSubmit || !form.matches(".site-languages")) return;
    event.preventDefault();
    typed().then(() => form.requestSubmit(submitter));
  });

  // What was just done is read first, unless something has the focus.
  if (!document.querySelector("[autofocus], :focus")) {
    document.querySelector(".notice[tabindex]")?.focus();
  }

  // Passwords can be shown (`reveal.js`).
  if (document.querySelector("input[type=password]")) load("reveal.js");

  // Two minutes before the session ends, a dialog asks whether to stay signed in (`stay.js`).
  if (!dataset.stay) return;
  const at = Date.now() + 1000 * (dataset.ends - 130);
  let asking = false;
  const ask = async () => {
    if (asking || Date.now() < at || document.visibilityState !== "visible") return;
    asking = true;
    try {
      const answer = await fetch(dataset.stay, { headers: { Accept: "text/html" } });
      const template = document.createElement("template");
      template.innerHTML = await answer.text();
      document.querySelector("footer").append(template.content);
      await load("stay.js");
    } catch {
      asking = false;
      setTimeout(ask, 30_000); // offline
    }
  };
  setTimeout(ask, Math.min(Math.max(at - Date.now(), 1000), 86_400_000));
  // Timers stop while the computer sleeps.
  document.addEventListener("visibilitychange", ask);
})();
