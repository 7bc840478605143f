// Puts a button into each password field that shows what is typed there.
(() => {
  "use strict";

  const page = document.querySelector("script[data-show]");
  // Lucide's eye, crossed out while the password is shown; without waiting for the sprite.
  const EYE = '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="none" ' +
    'stroke="currentColor" stroke-width="2" stroke-linecap="round"><path d="M2 12a11 11 0 0 1 20 ' +
    '0 11 11 0 0 1-20 0"/><circle cx="12" cy="12" r="3"/><path d="m3 3 18 18"/></svg>';
  const shown = new Set();

  const add = (field) => {
    const button = document.createElement("button");
    const set = (show) => {
      field.type = show ? "text" : "password";
      button.setAttribute("aria-pressed", show);
      shown[show ? "add" : "delete"](set);
    };
    button.type = "button";
    button.className = "reveal";
    button.innerHTML = EYE;
    button.title = page.dataset.show;
    button.setAttribute("aria-label", page.dataset.show);
    const label = field.labels[0];
    if (label) {
      label.id ||= `${field.id}-label`;
      button.setAttribute("aria-describedby", label.id);
    }
    button.addEventListener("click", () => set(field.type === "password"));
    field.spellcheck = false;
    field.autocapitalize = "none";
    field.parentElement.classList.add("reveals");
    field.after(button);
    set(false);
  };
  document.querySelectorAll("input[type=password]").forEach(add);
  // Browsers would remember a shown password as an ordinary text.
  const hide = () => [...shown].forEach((set) => set(false));
  addEventListener("submit", hide, true);
  addEventListener("pagehide", hide);
})();
