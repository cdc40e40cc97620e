/* Parts of a page that follow something by replacing themselves: what is focused there stays focused, a question is not
   taken away below who answers it, and a new outcome is said to who cannot see it change (data-live-status="id"). */
"use strict";
(() => {
  const quoted = (one, name) => `[${name}="${CSS.escape(one.getAttribute(name) ?? "")}"]`;
  let focused = "";
  document.addEventListener("htmx:beforeSwap", (event) => {
    const one = document.activeElement, part = event.detail.target;
    if (document.querySelector("dialog[open]")) event.detail.shouldSwap = false;
    focused = "";
    if (!part?.id || !part.contains(one)) return;
    if (one.matches("a[href]")) focused = `#${part.id} a${quoted(one, "href")}`;
    else if (one.form) focused = `#${part.id} form${quoted(one.form, "action")} button`;
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (focused && document.activeElement === document.body) document.querySelector(focused)?.focus({ preventScroll: true });
  });

  const status = document.querySelector("[data-live-status]");
  const part = () => document.getElementById(status.dataset.liveStatus);
  if (!status || !part()) return;
  const word = () => part()?.querySelector(".pill")?.textContent.trim() ?? "";
  let said = word();
  document.addEventListener("htmx:afterSettle", () => {
    if (word() === said) return;
    said = word();
    const sentence = part()?.querySelector(".outcome__sentence, .card__body p")?.textContent.trim().replace(/\s+/g, " ");
    status.textContent = `Now ${said}. ${sentence ?? ""}`;
  });
})();
