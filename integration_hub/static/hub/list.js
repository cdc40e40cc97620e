/* The event list: ticking a page, and how many are ticked. */
"use strict";
(() => {
  const form = document.getElementById("events-form");
  const bulk = form?.querySelector("[data-bulk]");
  if (!bulk) return;
  const boxes = [...form.querySelectorAll('input[name="_selected_action"]')];
  const all = form.querySelector("[data-tick-all]");
  const count = bulk.querySelector("[data-bulk-count]");
  const idle = count.textContent;
  let last = null;
  const tell = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    count.textContent = ticked ? `${ticked} chosen` : idle;
    bulk.querySelectorAll("[data-bulk-button]").forEach((button) => { button.disabled = !ticked; });
    if (all) { all.checked = ticked > 0 && ticked === boxes.length; all.indeterminate = ticked > 0 && ticked < boxes.length; }
  };
  all?.addEventListener("change", () => { boxes.forEach((box) => { box.checked = all.checked; }); tell(); });
  form.addEventListener("click", (event) => {
    const at = boxes.indexOf(event.target);
    if (at < 0) return;
    if (event.shiftKey && last !== null) boxes.slice(Math.min(at, last), Math.max(at, last) + 1).forEach((box) => { box.checked = event.target.checked; });
    last = at;
    tell();
  });
  tell();
})();
