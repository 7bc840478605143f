// Asks two minutes before the session ends whether to stay signed in. Everything works without it.
(() => {
  "use strict";

  const dialog = document.getElementById("stay");
  if (!dialog || !dialog.showModal) return;
  const WARNING = 120;
  const part = (name) => dialog.querySelector(`[data-stay="${name}"]`);
  const clock = part("left");
  let timer = 0;
  let ticking = 0;
  let ends = 0; // by the clock of this page, from the seconds that the server told

  const seconds = () => Math.max(0, Math.ceil((ends - Date.now()) / 1000));
  const later = (wait, work) => {
    clearTimeout(timer);
    timer = setTimeout(work, Math.min(wait, 86400) * 1000);
  };
  const show = (state) => {
    for (const name of ["idle", "end", "ended"]) part(name).hidden = name !== state;
    part("time").hidden = state === "ended";
    part("stay").hidden = state !== "idle";
    part("out").hidden = state === "ended";
    if (!dialog.open) dialog.showModal();
    (state === "idle" ? part("stay") : part("close")).focus();
  };
  const tick = () => {
    const left = seconds();
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  };
  const take = (told) => {
    clearInterval(ticking);
    const left = Math.min(told.idle, told.end);
    ends = Date.now() + left * 1000;
    if (!told.signed_in) {
      show("ended");
    } else if (left > WARNING) {
      if (dialog.open) dialog.close();
      later(left - WARNING, ask);
    } else {
      tick();
      ticking = setInterval(tick, 1000);
      later(left + 1, ask);
      show(told.end <= told.idle ? "end" : "idle");
    }
  };
  const send = async (method) => {
    try {
      const token = dialog.querySelector("input[name=csrf_token]").value;
      const headers = { Accept: "application/json", "X-CSRFToken": token };
      const answer = await fetch(dialog.dataset.url, { method, headers, cache: "no-store" });
      // A refused token means that the session has ended.
      take(answer.ok ? await answer.json() : { signed_in: false, idle: 0, end: 0 });
    } catch {
      later(30, ask); // offline
    }
  };
  const ask = () => send("GET");

  part("stay").addEventListener("click", () => send("POST"));
  part("close").addEventListener("click", () => dialog.close());
  document.addEventListener("visibilitychange", () => {
    // Timers stop while the computer sleeps.
    if (document.visibilityState === "visible" && seconds() <= WARNING && !dialog.open) ask();
  });
  const left = Math.min(Number(dialog.dataset.idle), Number(dialog.dataset.end));
  ends = Date.now() + left * 1000;
  later(Math.max(1, left - WARNING), ask);
})();
