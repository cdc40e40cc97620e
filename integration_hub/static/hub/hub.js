/* Behaviour of shared components: copy buttons, questions before a form is sent, the mobile menu. No dependencies. */
"use strict";
(() => {
  const copied = async (button) => {
    const from = button.dataset.copyFrom ? document.getElementById(button.dataset.copyFrom) : null;
    let text = from ? from.dataset.text ?? from.textContent : button.dataset.copy ?? "";
    if (button.dataset.copyUrl) text = await (await fetch(button.dataset.copyUrl, { credentials: "same-origin" })).text();
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    (button.closest("dialog") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("not copied");
  };

  const say = (button, state, word) => {
    const label = button.querySelector("[data-label]") ?? button;
    button.dataset.was ??= label.textContent;
    label.textContent = word;
    button.classList.add(state);
    setTimeout(() => { label.textContent = button.dataset.was; button.classList.remove(state); }, 1600);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".copy, [data-copy]");
    if (!button) return;
    event.preventDefault();
    copied(button).then(() => say(button, "is-done", "Copied"), () => say(button, "is-failed", "Press Ctrl-C"));
  });

  /* data-confirm="Retry {n} events?" on a submit button: {n} is the number of ticked boxes of its form.
     data-confirm-note="name" also asks for a sentence, sent under that name; data-confirm-label="Note" is its label. */
  let dialog;
  const element = (name, className, text = "") => Object.assign(document.createElement(name), { className, textContent: text });
  const ask = (form, button) => {
    dialog?.remove();
    dialog = element("dialog", "confirm");
    const body = element("div", "confirm__body");
    const count = form.querySelectorAll('input[type="checkbox"][name="_selected_action"]:checked').length;
    const question = button.dataset.confirm.replace("{n}", count).replace(/\{s\}/g, count === 1 ? "" : "s");
    const title = element("p", "confirm__question", question);
    title.id = "confirm-question";
    body.append(title);
    dialog.setAttribute("aria-labelledby", title.id);
    let note;
    if (button.dataset.confirmNote) {
      const label = element("label", "", button.dataset.confirmLabel ?? "Note");
      note = document.createElement("textarea");
      note.rows = 3;
      note.required = button.hasAttribute("data-confirm-required");
      label.append(note);
      body.append(label);
    }
    const foot = element("div", "confirm__foot");
    const no = element("button", "btn", "Cancel");
    const yes = element("button", `btn ${button.classList.contains("btn--danger") ? "btn--danger" : "btn--primary"}`,
      button.dataset.confirmYes ?? button.textContent.trim() ?? button.value);
    no.type = yes.type = "button";
    foot.append(no, yes);
    dialog.append(body, foot);
    document.body.append(dialog);
    no.addEventListener("click", () => dialog.close());
    yes.addEventListener("click", () => {
      if (note) {
        if (!note.reportValidity()) return;
        let field = form.querySelector(`input[type="hidden"][data-note="${button.dataset.confirmNote}"]`);
        if (!field) {
          field = Object.assign(document.createElement("input"), { type: "hidden", name: button.dataset.confirmNote });
          field.dataset.note = button.dataset.confirmNote;
          form.append(field);
        }
        field.value = note.value;
      }
      dialog.close();
      button.dataset.confirmed = "yes";
      form.requestSubmit(button);
      delete button.dataset.confirmed;
    });
    dialog.addEventListener("close", () => button.focus());
    dialog.showModal();
    (note ?? yes).focus();
  };
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button?.dataset.confirm || button.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(event.target, button);
  }, true);

  /* A second click on a button whose form is on its way does nothing. */
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.defaultPrevented || !button?.hasAttribute("data-once")) return;
    setTimeout(() => { button.disabled = true; }, 0);
  });

  /* data-open="id": the mobile menu. */
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-toggle-menu]");
    const shell = document.querySelector(".shell");
    if (!shell) return;
    if (opener || (shell.classList.contains("is-menu-open") && !event.target.closest(".sidebar"))) {
      const open = opener ? shell.classList.toggle("is-menu-open") : (shell.classList.remove("is-menu-open"), false);
      document.querySelectorAll("[data-toggle-menu]").forEach((one) => one.setAttribute("aria-expanded", String(open)));
      if (open) document.querySelector(".sidebar a")?.focus();
    }
  });
  document.addEventListener("keydown", (event) => {
    const shell = document.querySelector(".shell.is-menu-open");
    if (event.key === "Escape" && shell) {
      shell.classList.remove("is-menu-open");
      const opener = document.querySelector("[data-toggle-menu]");
      opener?.setAttribute("aria-expanded", "false");
      opener?.focus();
    }
  });

  /* data-submit-on-change: a filter's select sends its form at once. Details that act as menus close on a click outside. */
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.menu[open]").forEach((one) => { if (!one.contains(event.target)) one.open = false; });
  });
})();
