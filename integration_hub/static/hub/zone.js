/* Suggests the browser's time zone on the Preferences page. */
"use strict";
(() => {
  const hint = document.querySelector("[data-zone-hint]");
  const select = hint && document.getElementById(hint.dataset.zoneHint);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!select || !zone || select.value === zone) return;
  if (![...select.options].some((option) => option.value === zone)) return;
  hint.querySelector("[data-zone]").textContent = zone.replace(/_/g, " ");
  hint.hidden = false;
  hint.querySelector("button").addEventListener("click", () => { select.value = zone; hint.hidden = true; select.focus(); });
})();
