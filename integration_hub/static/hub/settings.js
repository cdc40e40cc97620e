/* Forms of settings: fields that show when another says so, the menu of sections, finding a field, the first error.
   Without this file everything is visible, and says in words when it counts. */
"use strict";
(() => {
  const root = document.querySelector("[data-sections]");
  if (!root) return;
  const form = root.closest("form");
  root.classList.add("is-live");
  root.querySelectorAll("[data-needs-script]").forEach((one) => { if (!one.closest("template")) one.hidden = false; });

  /* Fields that depend on another one. */
  const rowOf = (name) => root.querySelector(`.form-row.field-${CSS.escape(name)}`);
  const conditions = new Map();  // row -> [name of the other field, wanted values]
  root.querySelectorAll("[data-shown-when]").forEach((one) => {
    const row = one.closest(".form-row");
    conditions.set(row, [one.dataset.shownWhen, JSON.parse(one.dataset.values)]);
    const other = rowOf(one.dataset.shownWhen);
    if (other && row) row.id ||= `row-${[...row.classList].find((name) => name.startsWith("field-"))}`;
  });
  const saidBy = (name) => {
    const rows = root.querySelector(`[data-rows="${CSS.escape(name)}"]`);
    if (rows) return [...rows.querySelectorAll("[data-rows-body] [name]")].map((one) => one.value.trim()).filter(Boolean);
    return [...form.elements].filter((one) => one.name === name).flatMap((one) => {
      if (one.type === "checkbox" && one.value === "on") return [one.checked ? "on" : "off"];
      if (one.type === "checkbox" || one.type === "radio") return one.checked ? [one.value] : [];
      if (one.type === "password" && one.placeholder) {  // a stored secret is never sent to the page
        return form.elements[`${name}-clear`]?.checked ? [] : ["stored"];
      }
      return one.multiple ? [...one.selectedOptions].map((o) => o.value) : [one.value.trim()].filter(Boolean);
    });
  };
  const counts = (row, seen = new Set()) => {
    const when = conditions.get(row);
    if (!when || seen.has(row)) return true;
    seen.add(row);
    const [name, wanted] = when, said = saidBy(name);
    const holds = wanted.length ? said.some((one) => wanted.includes(one)) : said.some((one) => one !== "off");
    const other = rowOf(name);
    return holds && (!other || counts(other, seen));
  };
  const status = root.querySelector("[data-shown-status]");
  const inlines = [...root.querySelectorAll(".inline-group")];
  const fieldsets = [...root.querySelectorAll("fieldset.module")].filter((one) => one.querySelector(":scope .form-row") && !one.closest(".inline-group"));
  const links = [...root.querySelectorAll("[data-section]")];
  const placeOf = (anchor) => {
    const head = document.getElementById(anchor);
    return head?.closest("fieldset") ?? head;
  };
  let words = [];
  const matches = (row) => words.every((word) => row.hubWords.includes(word));
  const draw = () => {
    for (const fieldset of fieldsets) {
      const rows = [...fieldset.querySelectorAll(".form-row")];
      for (const row of rows) {
        const off = conditions.has(row) && !row.classList.contains("errors") && !counts(row);
        row.classList.toggle("is-off", off);
        row.hidden = words.length ? !matches(row) : off;
      }
      fieldset.hidden = rows.length > 0 && rows.every((row) => row.hidden);
      const details = fieldset.querySelector("details");
      if (details && words.length && !fieldset.hidden) { details.dataset.wasOpen ??= String(details.open); details.open = true; }
      if (details && !words.length && details.dataset.wasOpen) { details.open = details.dataset.wasOpen === "true"; delete details.dataset.wasOpen; }
    }
    for (const inline of inlines) inline.hidden = words.length > 0 && !words.every((word) => inline.textContent.toLowerCase().includes(word));
    for (const link of links) {
      const places = link.dataset.section.split(" ").map(placeOf).filter(Boolean);
      link.parentElement.hidden = places.every((one) => one.hidden);
    }
    root.querySelectorAll(".sections__part").forEach((part) => {
      part.hidden = [...part.nextElementSibling.children].every((one) => one.hidden);
    });
  };
  if (conditions.size) {
    const changed = () => {
      const before = new Set([...conditions.keys()].filter((row) => !row.hidden));
      draw();
      const shown = [...conditions.keys()].filter((row) => !row.hidden && !before.has(row));
      if (shown.length) status.textContent = `Now asked for: ${shown.map((row) => row.hubLabel).join(", ")}.`;
    };
    form.addEventListener("change", changed);
    form.addEventListener("input", (event) => { if (!event.target.matches("[data-find]")) changed(); });
  }

  /* Finding a field by a word of its label or help. */
  const find = root.querySelector("[data-find]");
  const found = root.querySelector("[data-found]");
  const rowsAll = fieldsets.flatMap((one) => [...one.querySelectorAll(".form-row")]);
  for (const row of rowsAll) {
    const head = row.closest("fieldset").querySelector(".fieldset-heading")?.textContent ?? "";
    const texts = [...row.querySelectorAll("label, legend, .help, th")].map((one) => one.textContent);
    row.hubLabel = (row.querySelector("label, legend")?.textContent ?? "").trim().replace(/:$/, "");
    row.hubWords = [head, ...texts].join(" ").toLowerCase().replace(/\s+/g, " ");
  }
  const controlOf = (row) => row.querySelector("[aria-invalid=true]:not([hidden])") ??
    [...row.querySelectorAll("input, select, textarea, button")].find((one) => one.type !== "hidden" && !one.closest("[hidden]"));
  if (find) {
    const search = () => {
      words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      root.classList.toggle("is-finding", words.length > 0);
      draw();
      const hits = rowsAll.filter((row) => !row.hidden).length;
      found.textContent = !words.length ? "" : hits === 1 ? "1 setting. Enter goes there." : hits ? `${hits} settings. Enter goes to the first.` : "No setting says this.";
    };
    find.addEventListener("input", search);
    find.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && find.value) { event.preventDefault(); find.value = ""; search(); }
      if (event.key !== "Enter") return;
      event.preventDefault();
      const row = rowsAll.find((one) => !one.hidden);
      if (words.length && row) controlOf(row)?.focus();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && words.length && root.contains(event.target) && event.target !== find) {
        find.value = ""; search();
        event.target.scrollIntoView({ block: "center" });
      }
    });
    search();
  }
  draw();

  /* The menu follows the page; a link opens what is folded. */
  links.forEach((link) => link.addEventListener("click", (event) => {
    const place = placeOf(link.dataset.section.split(" ")[0]);
    if (!place) return;
    event.preventDefault();
    const details = place.querySelector("details");
    if (details && place.querySelectorAll(".form-row").length) details.open = true;
    history.replaceState(null, "", link.hash);
    place.scrollIntoView({ block: "start" });
    const first = [...place.querySelectorAll(".form-row")].find((row) => !row.hidden);
    (first && controlOf(first))?.focus({ preventScroll: true });
  }));
  if (links.length) {
    const menu = root.querySelector(".sections__menu");
    let current;
    const follow = () => {
      let now = links[0];
      for (const link of links) {
        const place = placeOf(link.dataset.section.split(" ")[0]);
        if (place && !place.hidden && place.getBoundingClientRect().top < (window.innerWidth < 1024 ? 200 : 140)) now = link;
      }
      const end = document.documentElement.scrollHeight - window.innerHeight;
      if (end > 0 && window.scrollY >= end - 4) now = links.filter((link) => !link.parentElement.hidden).at(-1) ?? now;
      if (now === current) return;
      current?.removeAttribute("aria-current");
      current = now;
      now.setAttribute("aria-current", "true");
      const box = menu.getBoundingClientRect(), at = now.getBoundingClientRect();
      if (at.top < box.top || at.bottom > box.bottom) menu.scrollTop += at.top - box.top - box.height / 2;
      if (at.left < box.left || at.right > box.right) menu.scrollLeft += at.left - box.left - 20;
    };
    document.addEventListener("scroll", follow, { passive: true });
    follow();
  }

  /* After a failed save: the first error, and above the form a link to each. Else the field the address names. */
  const goTo = (target) => {
    for (let one = target.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
    target.focus?.({ preventScroll: true });
    const row = target.closest(".form-row") ?? target;
    row.scrollIntoView({ block: row.offsetHeight > window.innerHeight / 2 ? "start" : "center" });
  };
  const wrong = rowsAll.filter((row) => row.classList.contains("errors"));
  const note = form.querySelector(".errornote");
  if (note && wrong.length) {
    const list = document.createElement("ul");
    list.className = "sections__wrong";
    for (const row of wrong) {
      const link = document.createElement("a"), item = document.createElement("li");
      const field = [...row.classList].find((name) => name.startsWith("field-")).slice("field-".length);
      link.href = `#id_${field}`;
      link.textContent = row.hubLabel;
      link.addEventListener("click", (event) => { event.preventDefault(); goTo(controlOf(row) ?? row); });
      item.append(link, `: ${row.querySelector(".errorlist li")?.textContent ?? ""}`);
      list.append(item);
    }
    note.append(list);
  }
  const asked = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
  const target = wrong.length ? controlOf(wrong[0]) ?? wrong[0] : asked;
  if (target) goTo(target);
})();
