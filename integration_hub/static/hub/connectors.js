/* Connector forms: the on/off pill beside a setting that switches a function on; the word of a button at work. */
"use strict";
(() => {
  document.querySelectorAll("[data-switch]").forEach((pill) => {
    const field = document.getElementById(pill.dataset.switch);
    if (!field) return;
    const show = () => {
      const stored = field.type === "password" && field.placeholder !== "";  // its value is never sent to the page
      const on = field.type === "checkbox" ? field.checked : stored || field.value.trim() !== "";
      pill.textContent = on ? "on" : "off";
      pill.classList.toggle("pill--ok", on);
      pill.classList.toggle("pill--idle", !on);
    };
    field.addEventListener("input", show);
    field.addEventListener("change", show);
    show();
  });
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button?.dataset.busy && !event.defaultPrevented) button.textContent = button.dataset.busy;
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const button = event.target.querySelector?.("[data-busy]");
    if (!button) return;
    button.dataset.word ??= button.textContent;
    button.textContent = button.dataset.busy;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const button = event.target.querySelector?.("[data-busy]");
    if (button?.dataset.word) button.textContent = button.dataset.word;
  });
})();
