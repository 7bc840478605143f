// Everything works without this script; it opens the dialog over the page, prints and copies.
(() => {
  "use strict";

  const asksNow = (form) => {
    if (form.dataset.twofactorGuarded !== "fewer") return true;
    // Removing an area asks for a code, adding one does not.
    return [...form.querySelectorAll("input[type=checkbox]")].some(
      (box) => box.defaultChecked && !box.checked,
    );
  };

  const prepare = (dialog) => {
    const form = dialog.closest("form");
    if (!form || dialog.dataset.ready) return;
    dialog.dataset.ready = "yes";
    const code = dialog.querySelector("input");
    const error = dialog.querySelector(".twofactor-dialog-error");
    let submitter = null;
    let confirmed = false;

    const complain = (text) => {
      error.textContent = text;
      code.setAttribute("aria-invalid", "true");
      code.setAttribute("aria-describedby", `${code.id}-hint ${error.id}`);
      code.focus();
    };
    const confirm = () => {
      const digits = code.value.normalize("NFKC").replace(/[^\p{L}\p{N}]/gu, "");
      if (!/^[0-9]{6}$/.test(digits)) {
        complain(dialog.dataset.twofactorMalformed);
        return;
      }
      confirmed = true;
      dialog.close("confirmed");
      form.requestSubmit(submitter);
    };

    form.addEventListener("submit", (event) => {
      if (confirmed || !asksNow(form)) return;
      event.preventDefault();
      submitter = event.submitter && !dialog.contains(event.submitter) ? event.submitter : null;
      error.textContent = "";
      code.value = "";
      code.removeAttribute("aria-invalid");
      dialog.showModal();
      code.focus();
    });
    code.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      confirm();
    });
    dialog.querySelector("[data-twofactor-confirm]").addEventListener("click", confirm);
    dialog.querySelector("[data-twofactor-cancel]").addEventListener("click", () => dialog.close());
    // Sent without a code, the form comes back sealed, on a page that keeps it for the recovery code.
    dialog.querySelector("[data-twofactor-lost]")?.addEventListener("click", (event) => {
      if (form.method !== "post") return;
      event.preventDefault();
      code.value = "";
      confirmed = true;
      dialog.close();
      form.requestSubmit(submitter);
    });
    dialog.addEventListener("close", () => {
      if (!confirmed) code.value = "";
    });
    // Coming back by the browser's history: ask again, the code was for one time.
    window.addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      confirmed = false;
      code.value = "";
    });
  };

  const say = (button, text) => {
    const said = button.parentElement.querySelector(".twofactor-said");
    if (said) said.textContent = text;
  };

  const copy = async (button) => {
    const source = document.getElementById(button.dataset.twofactorCopy);
    const text = button.dataset.twofactorCopy === "twofactor-secret"
      ? source.textContent.replace(/\s/g, "")
      : source.textContent.trim();
    try {
      await navigator.clipboard.writeText(text);
      say(button, button.dataset.twofactorCopied);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(source);
      window.getSelection().removeAllRanges();
      window.getSelection().addRange(range);
      say(button, button.dataset.twofactorSelected);
    }
  };

  // How long until an answer is judged again; screen readers hear of the end alone.
  const countDown = (line) => {
    const time = line.querySelector("[role=timer]");
    const end = Date.now() + 1000 * line.dataset.twofactorWait;
    const two = (number) => String(number).padStart(2, "0");
    const tick = () => {
      const left = Math.ceil((end - Date.now()) / 1000);
      if (left <= 0) {
        line.setAttribute("role", "status");
        line.textContent = line.dataset.twofactorOver;
        return;
      }
      const hours = Math.floor(left / 3600);
      const minutes = Math.floor(left / 60) % 60;
      time.textContent = `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(left % 60)}`;
      setTimeout(tick, (end - Date.now()) % 1000 || 1000);
    };
    tick();
  };

  const start = () => {
    document.querySelectorAll("[data-twofactor-wait]").forEach(countDown);
    document.querySelectorAll("dialog.twofactor-dialog").forEach(prepare);
    document.querySelectorAll("[data-twofactor-print]").forEach((button) => {
      button.addEventListener("click", () => window.print());
    });
    document.querySelectorAll("[data-twofactor-copy]").forEach((button) => {
      button.addEventListener("click", () => copy(button));
    });
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
