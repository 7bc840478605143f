// The language switch keeps what is typed: for one load of the same page, in this tab alone.
(() => {
  "use strict";

  const KEY = "typed";
  const TYPES = new Set([
    "checkbox", "date", "email", "number", "radio", "search", "select-one", "tel", "text",
    "textarea", "url",
  ]);
  const CODES = new Set(["code", "twofactor_code"]);
  const toggles = (field) => field.type === "checkbox" || field.type === "radio";
  // No password, code, file or hidden value is ever kept.
  const keeps = (field) =>
    TYPES.has(field.type) &&
    field.name !== "" &&
    !field.readOnly &&
    !CODES.has(field.name) &&
    !/one-time-code|password/.test(field.autocomplete);
  const fields = () =>
    [...document.querySelectorAll("main form[method=post]")]
      .flatMap((form) => [...form.elements])
      .filter(keeps);
  const nameOf = (field) => (toggles(field) ? `${field.name}=${field.value}` : field.name);

  const store = () => {
    const typed = fields().map((field) => [
      nameOf(field),
      toggles(field) ? field.checked : field.value,
    ]);
    sessionStorage.setItem(KEY, JSON.stringify([location.pathname, typed]));
  };

  const restore = () => {
    const stored = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    const [path, typed] = JSON.parse(stored) || [];
    if (path !== location.pathname) return;
    // Fields of the same name follow one another in the order of the page.
    fields().forEach((field) => {
      const at = typed.findIndex(([name]) => name === nameOf(field));
      if (at < 0) return;
      const [[, value]] = typed.splice(at, 1);
      const isChanged = toggles(field)
        ? field.checked !== field.defaultChecked
        : field.value !== field.defaultValue;
      if (isChanged && field === document.activeElement) return; // this script came late
      if (toggles(field)) field.checked = value;
      else field.value = value;
    });
  };

  const quietly = (work) => {
    try {
      work();
    } catch {
      // Without storage the switch works, and nothing is kept.
    }
  };

  quietly(restore);
  document.addEventListener("submit", (event) => {
    if (event.target.matches(".site-languages")) quietly(store);
  });
})();
