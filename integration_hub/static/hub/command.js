/* The command search: "/" or Ctrl-K opens one box that finds events by any number and jumps to pages. */
"use strict";
(() => {
  const form = document.querySelector("form.find");
  if (!form) return;
  const make = (name, className = "", text = "") => Object.assign(document.createElement(name), { className, textContent: text });
  const sprite = document.querySelector(".icon use")?.getAttribute("href").split("#")[0] ?? "";
  const svg = (name) => {
    const ns = "http://www.w3.org/2000/svg";
    const image = document.createElementNS(ns, "svg");
    const use = document.createElementNS(ns, "use");
    image.setAttribute("class", "icon");
    image.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `${sprite}#${name}`);
    image.append(use);
    return image;
  };
  const pages = [...document.querySelectorAll(".sidebar__nav a, .menu__list a")].map((link) => ({
    url: link.href, label: link.textContent.trim(), icon: link.dataset.page ?? "settings",
  }));
  let dialog, input, list, timer, asked = 0, chosen = 0;

  const build = () => {
    dialog = make("dialog", "command");
    dialog.setAttribute("aria-label", "Find an event or a page");
    const box = make("div", "command__box");
    input = Object.assign(make("input"), { type: "search", placeholder: "Order, invoice, customer, event, e-mail … or a page", autocomplete: "off", spellcheck: false });
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-label", "Number or page");
    input.setAttribute("aria-expanded", "true");
    input.setAttribute("aria-controls", "command-list");
    list = make("ul", "command__list");
    list.id = "command-list";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Found");
    const foot = make("div", "command__foot");
    for (const [key, word] of [["↑↓", "choose"], ["Enter", "open"], ["Esc", "close"]]) {
      const hint = make("span");
      hint.append(make("kbd", "", key), ` ${word}`);
      foot.append(hint);
    }
    box.append(svg("search"), input);
    dialog.append(box, list, foot);
    document.body.append(dialog);
    input.addEventListener("input", () => { clearTimeout(timer); draw([], input.value.trim() !== ""); timer = setTimeout(ask, 160); });
    dialog.addEventListener("keydown", key);
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  };

  const options = () => [...list.querySelectorAll('[role="option"]')];
  const choose = (index) => {
    const all = options();
    chosen = all.length ? (index + all.length) % all.length : 0;
    all.forEach((one, at) => one.setAttribute("aria-selected", String(at === chosen)));
    input.setAttribute("aria-activedescendant", all[chosen]?.id ?? "");
    all[chosen]?.scrollIntoView({ block: "nearest" });
  };
  const key = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      options()[chosen]?.querySelector("a").click();
    }
  };
  const row = (item, index) => {
    const line = make("li");
    line.id = `command-${index}`;
    line.setAttribute("role", "option");
    const link = Object.assign(make("a"), { href: item.url, tabIndex: -1 });
    link.append(item.pill ?? svg(item.icon), make("span", "", item.label));
    if (item.about) link.append(make("span", "muted", item.about));
    line.append(link);
    return line;
  };
  const draw = (events, isLooking) => {
    const text = input.value.trim().toLowerCase();
    const matching = pages.filter((page) => page.label.toLowerCase().includes(text));
    list.replaceChildren();
    let index = 0;
    const group = (label, items) => {
      if (!items.length) return;
      const head = make("li", "command__group", label);
      head.setAttribute("role", "presentation");
      list.append(head, ...items.map((item) => row(item, index++)));
    };
    group("Events", events.map((event) => ({ ...event, pill: make("span", `pill pill--${event.tone}`, event.outcome) })));
    group("Pages", matching);
    if (!index && !isLooking) list.append(make("li", "command__none", "Nothing has this number. Numbers are matched whole: order, invoice, customer, e-mail, event, request id."));
    choose(0);
  };
  const ask = async () => {
    const text = input.value.trim();
    const mine = ++asked;
    if (!text) return draw([], true);
    const answer = await fetch(`${form.dataset.find}?q=${encodeURIComponent(text)}`, { credentials: "same-origin" });
    if (mine === asked && answer.ok) draw((await answer.json()).events, false);
  };
  const open = (typed = "") => {
    if (!dialog) build();
    if (dialog.open) return;
    input.value = typed;
    draw([], true);
    dialog.showModal();
    input.focus();
    if (typed) input.dispatchEvent(new Event("input"));
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if ((event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing && !event.ctrlKey && !event.altKey)) {
      event.preventDefault();
      open();
    }
  });
  form.addEventListener("click", (event) => { event.preventDefault(); open(); });
  form.addEventListener("keydown", (event) => {  // what is typed into the box of the top bar goes on in the dialog
    if (event.ctrlKey || event.metaKey || event.altKey || (event.key !== "Enter" && event.key.length !== 1)) return;
    event.preventDefault();
    open(event.key === "Enter" ? "" : event.key);
  });
})();
