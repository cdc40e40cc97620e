/* The event page follows its event by replacing parts of itself: what is focused stays focused, and a new outcome is said
   to who cannot see it change. */
"use strict";
(() => {
  const outcome = () => document.getElementById("live-outcome");
  const status = document.querySelector("[data-live-status]");
  if (!status || !outcome()) return;
  const word = () => outcome()?.querySelector(".pill")?.textContent.trim() ?? "";
  let said = word(), action = "";
  document.addEventListener("htmx:beforeSwap", () => {
    action = outcome()?.contains(document.activeElement) ? document.activeElement.form?.getAttribute("action") ?? "" : "";
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (action && document.activeElement === document.body) {
      outcome()?.querySelector(`form[action="${CSS.escape(action)}"] button`)?.focus({ preventScroll: true });
    }
    action = "";
    if (word() === said) return;
    said = word();
    status.textContent = `Now ${said}. ${outcome()?.querySelector(".outcome__sentence")?.textContent.trim() ?? ""}`;
  });
})();
