// Puts a button into each password field that shows what is typed there.
(() => {
  "use strict";

  const page = document.querySelector("script[data-show]");
  const icons = new URL("icons.svg", page.src);
  const shown = new Set();

  const add = (field) => {
    const button = document.createElement("button");
    const set = (show) => {
      field.type = show ? "text" : "password";
      button.setAttribute("aria-pressed", show);
      button.querySelector("use").setAttribute("href", `${icons}#${show ? "eye-off" : "eye"}`);
      shown[show ? "add" : "delete"](set);
    };
    button.type = "button";
    button.className = "reveal";
    button.innerHTML = '<svg class="icon" aria-hidden="true"><use></use></svg>';
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
