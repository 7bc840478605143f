// Signs in with a passkey alone: the browser offers it where the user name is typed ("autofill").
(() => {
  "use strict";
  const { look, ready, start } = window.twofactorPasskey ?? {};
  const block = document.querySelector(".twofactor-alone > .twofactor-passkey");
  const one = block && look?.(block);
  if (!one || one.fault || one.idle) return;
  const MOST = 12; // challenges for a page that nobody looks at
  const { form } = one;
  const offers = window.PublicKeyCredential.isConditionalMediationAvailable?.();
  let left = MOST;
  let timer = 0;
  let isSent = false;
  let isFilling = false;
  let isLoading = false;

  const later = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(fill, wait);
  };
  // A challenge is renewed when a fifth of its life is left; `until` ends 30 seconds early.
  const isOld = () => !one.until || Date.now() >= one.until + 30_000 - one.life / 5;
  const fill = async () => {
    clearTimeout(timer);
    if (document.hidden || one.isAsking || isSent || isLoading || left < 1) return;
    left -= 1;
    isFilling = isLoading = true;
    try {
      if (!(await offers)) return;
      if (isOld()) await ready(one);
    } catch {
      isFilling = false;
      return later(60_000);
    } finally {
      isLoading = false;
    }
    if (one.isAsking || isSent) return;
    later(Math.max(1000, one.until + 30_000 - one.life / 5 - Date.now()));
    // After a "no" on the device, the field offers passkeys again.
    if (await start(one, one.button, "conditional")) later(1000);
  };
  // Somebody is there again.
  const resume = () => {
    left = MOST;
    if (!isFilling || isOld()) fill();
  };
  one.idle = () => {
    isFilling = false;
    later(500);
  };
  document.addEventListener("visibilitychange", resume);
  document.addEventListener("focusin", resume);
  form.addEventListener("submit", () => (isSent = true));
  form.addEventListener("formdata", ({ formData }) => {
    formData.set(one.field, one.token);
    const box = one.box && document.querySelector("[type=checkbox][name=remember]");
    if (box?.checked) formData.set("remember", "yes");
  });
  addEventListener("pagehide", () => clearTimeout(timer));
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    isSent = isFilling = false;
    resume();
  });
  fill();
})();
