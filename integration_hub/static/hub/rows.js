/* Settings that are small tables: rows are added, removed, moved, and pasted from a spreadsheet. Without this file the
   empty rows at the end do. */
"use strict";
(() => {
  const cellsOf = (row) => [...row.querySelectorAll("td > input, td > select, td > textarea")];

  const parsed = (text) => {
    const separator = text.includes("\t") ? "\t" : text.includes(";") && !text.includes(",") ? ";" : ",";
    const rows = [[]];
    let cell = "", quoted = false;
    for (let i = 0; i < text.length; i += 1) {
      const one = text[i];
      if (quoted) {
        if (one === '"' && text[i + 1] === '"') { cell += '"'; i += 1; }
        else if (one === '"') quoted = false;
        else cell += one;
      } else if (one === '"' && cell === "") quoted = true;
      else if (one === separator) { rows.at(-1).push(cell); cell = ""; }
      else if (one === "\n" || one === "\r") {
        if (one === "\r" && text[i + 1] === "\n") i += 1;
        rows.at(-1).push(cell); cell = ""; rows.push([]);
      } else cell += one;
    }
    rows.at(-1).push(cell);
    return rows.filter((row) => row.some((value) => value.trim() !== ""));
  };

  const put = (control, text) => {
    const value = text.trim();
    if (control.type === "checkbox") control.checked = /^(1|x|on|yes|true)$/i.test(value);
    else if (control.tagName === "SELECT") {
      const found = [...control.options].find((o) => o.value.toLowerCase() === value.toLowerCase() || o.text.toLowerCase() === value.toLowerCase());
      if (found) control.value = found.value;
    } else control.value = value;
    control.dispatchEvent(new Event("change", { bubbles: true }));
  };

  document.querySelectorAll("[data-rows]").forEach((table) => {
    const name = table.dataset.rows;
    const body = table.querySelector("[data-rows-body]");
    const count = table.querySelector("[data-rows-count]");
    const template = table.querySelector("template");
    const status = table.querySelector("[data-rows-status]");
    const say = (text) => { status.textContent = text; };
    table.querySelectorAll("[data-needs-script]").forEach((one) => { one.hidden = false; });
    template.content.querySelectorAll("[data-needs-script]").forEach((one) => { one.hidden = false; });

    const numbered = () => {
      const rows = [...body.children];
      rows.forEach((row, number) => {
        cellsOf(row).forEach((control) => {
          const column = control.name.slice(name.length + 1).replace(/^(\d+|__row__)-/, "");
          control.name = `${name}-${number}-${column}`;
          control.id = `${table.id}-${number}-${column}`;
          control.setAttribute("aria-label", `${control.dataset.column}, row ${number + 1}`);
        });
        row.querySelectorAll(".rows__tool").forEach((button) => {
          button.dataset.label ??= button.getAttribute("aria-label");
          button.setAttribute("aria-label", `${button.dataset.label} ${number + 1}`);
        });
      });
      count.value = rows.length;
      table.classList.toggle("rows--none", rows.length === 0);
    };
    const add = () => {
      body.append(template.content.cloneNode(true));
      numbered();
      return body.lastElementChild;
    };
    const changed = () => table.dispatchEvent(new Event("change", { bubbles: true }));

    body.querySelectorAll("[data-extra]").forEach((row) => {
      if (!row.querySelector("[aria-invalid]")) row.remove();
    });
    numbered();

    const remove = (row) => {
      const number = [...body.children].indexOf(row);
      row.remove();
      numbered();
      const next = body.children[Math.min(number, body.children.length - 1)];
      (next ? cellsOf(next)[0] : table.querySelector("[data-rows-add]")).focus();
      say(`Row ${number + 1} removed.`);
      changed();
    };
    const move = (row, by) => {
      const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
      if (!other) return;
      if (by < 0) other.before(row); else other.after(row);
      numbered();
      say(`Moved to row ${[...body.children].indexOf(row) + 1}.`);
      changed();
    };

    table.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      const row = button?.closest("[data-row]");
      if (!button) return;
      if (button.hasAttribute("data-rows-add")) { cellsOf(add())[0].focus(); say("Row added."); }
      else if (button.hasAttribute("data-rows-remove")) remove(row);
      else if (button.hasAttribute("data-rows-up")) { move(row, -1); button.focus(); }
      else if (button.hasAttribute("data-rows-down")) { move(row, 1); button.focus(); }
    });
    table.addEventListener("keydown", (event) => {
      const row = event.target.closest("[data-row]");
      if (!row || event.target.tagName === "BUTTON" || event.isComposing) return;
      if (event.key === "Enter" && event.target.tagName !== "TEXTAREA") {  // the next row, not the form's first button
        event.preventDefault();
        const column = cellsOf(row).indexOf(event.target);
        cellsOf(row.nextElementSibling ?? add())[column].focus();
      } else if (event.altKey && /^Arrow(Up|Down)$/.test(event.key) && table.querySelector("[data-rows-up]")) {
        event.preventDefault();
        const target = event.target;
        move(row, event.key === "ArrowUp" ? -1 : 1);
        target.focus();
      }
    });
    table.addEventListener("paste", (event) => {
      let row = event.target.closest("[data-row]");
      const text = event.clipboardData?.getData("text/plain") ?? "";
      if (!row || !/[\t\n]/.test(text.trim())) return;
      event.preventDefault();
      const start = cellsOf(row).indexOf(event.target);
      const heads = cellsOf(row).map((control) => control.dataset.column.toLowerCase());
      let lines = parsed(text);
      if (lines.length > 1 && lines[0].every((cell, i) => cell.trim().toLowerCase() === heads[start + i])) lines = lines.slice(1);
      lines.forEach((line, number) => {
        if (number > 0) row = row.nextElementSibling ?? add();
        const cells = cellsOf(row);
        line.forEach((value, i) => { if (cells[start + i]) put(cells[start + i], value); });
      });
      cellsOf(row)[start].focus();
      say(`${lines.length} rows pasted.`);
      changed();
    });
  });
})();
