// Tells the browser which passkeys are accepted, so that it offers no others (Signal API).
(() => {
  "use strict";
  for (const { dataset } of document.querySelectorAll("[data-twofactor-signal]")) {
    for (const [name, facts] of Object.entries(JSON.parse(dataset.twofactorSignal))) {
      window.PublicKeyCredential?.[name]?.(facts)?.catch(() => {});
    }
  }
})();
