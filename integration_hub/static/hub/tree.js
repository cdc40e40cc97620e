/* The JSON viewer: foldable, searchable, copyable. Lines are made when they are opened, never all at once, so that a body
   of several megabytes does not hold the page. Without this script the body stays as indented text. */
"use strict";
(() => {
  const CHUNK = 100; // children made at once
  const FAR = 300; // a child further down than this is shown without all before it
  const LONG = 400; // characters of a string shown at first
  const EXPAND_LIMIT = 3000; // lines "Unfold all" makes
  const HIT_LIMIT = 1000;
  const STEP = 20000; // nodes looked at before the page may breathe

  const make = (name, className = "", text = "") => Object.assign(document.createElement(name), { className, textContent: text });
  const isFolder = (node) => (node.t === "o" || node.t === "a") && node.v.length > 0;
  const plain = (node, indent = "") => {
    if (node.t === "s") return JSON.stringify(node.v);
    if (node.t === "n" || node.t === "l") return node.v;
    const [open, close] = node.t === "o" ? "{}" : "[]";
    if (!node.v.length) return open + close;
    const deeper = `${indent}  `;
    const lines = node.v.map((one, i) => deeper + (node.k ? `${JSON.stringify(node.k[i])}: ` : "") + plain(one, deeper));
    return `${open}\n${lines.join(",\n")}\n${indent}${close}`;
  };

  class Tree {
    constructor(box) {
      this.box = box;
      this.pre = box.querySelector("pre");
      this.lines = new WeakMap(); // node -> its list item
      this.hits = [];
      this.at = -1;
      this.search = 0;
    }

    async start() {
      let text = this.pre.textContent;
      if (this.box.hasAttribute("data-shortened")) {
        const answer = await fetch(this.box.dataset.src, { credentials: "same-origin" });
        if (!answer.ok) return;
        text = await answer.text();
        this.box.querySelector("[data-cut-note]")?.remove();
      }
      try { this.root = window.hubJson(text); } catch { return; }
      this.view = make("div", "tree");
      this.view.tabIndex = 0;
      this.view.setAttribute("role", "group");
      this.view.setAttribute("aria-label", "JSON");
      const list = make("ul");
      list.append(this.item(this.root, null, 0));
      this.view.append(list);
      this.pre.after(this.view);
      this.pre.hidden = true;
      this.open(this.root);
      if (this.root.v.length <= 40) this.root.v.forEach((one) => { if (isFolder(one) && one.v.length <= 30) this.open(one); });
      this.bar();
    }

    item(node, key, index) {
      const item = make("li");
      const line = make("div", "tree__line");
      item.append(line);
      this.lines.set(node, item);
      if (isFolder(node)) {
        const fold = make("button", "tree__fold");
        fold.type = "button";
        fold.setAttribute("aria-expanded", "false");
        fold.setAttribute("aria-label", `Unfold ${key ?? (index === null ? "all" : `entry ${index}`)}`);
        fold.addEventListener("click", () => this.toggle(node));
        line.append(fold);
      }
      if (key !== null) line.append(make("span", "tree__key", key));
      line.append(this.value(node));
      const copy = make("button", "tree__copy", "Copy");
      copy.type = "button";
      copy.addEventListener("click", () => { copy.dataset.copy = node.t === "s" ? node.v : plain(node); });
      copy.dataset.copy = "";
      line.append(copy);
      return item;
    }

    value(node) {
      if (node.t === "o" || node.t === "a") {
        const [open, close] = node.t === "o" ? "{}" : "[]";
        const count = node.v.length;
        const words = node.t === "o" ? `${open} ${count} ${count === 1 ? "member" : "members"} ${close}` : `${open} ${count} ${close}`;
        return make("span", "tree__value tree__value--c", count ? words : open + close);
      }
      const span = make("span", `tree__value tree__value--${node.t}`);
      if (node.t !== "s") { span.textContent = node.v; return span; }
      if (node.v.length <= LONG) { span.textContent = `"${node.v}"`; return span; }
      span.textContent = `"${node.v.slice(0, LONG)}…`;
      const more = make("button", "tree__more", `all ${node.v.length} characters`);
      more.type = "button";
      more.addEventListener("click", () => { span.textContent = `"${node.v}"`; });
      span.append(more);
      return span;
    }

    /* Shows children of a folder, "wanted" among them. Far down a long list only its neighbourhood is made. */
    open(node, wanted = 0) {
      const item = this.lines.get(node);
      if (!item || !isFolder(node)) return;
      const fold = item.firstChild.querySelector(".tree__fold");
      fold.setAttribute("aria-expanded", "true");
      let list = item.querySelector(":scope > ul");
      if (!list) { list = make("ul"); list.first = 0; list.made = 0; item.append(list); }
      list.hidden = false;
      if (list.made && wanted >= list.first && wanted < list.made) return;
      if (wanted > list.made + FAR || wanted < list.first) this.startAt(node, list, Math.max(0, wanted - 20));
      this.more(node, list, Math.max(wanted + 1, list.made + CHUNK));
    }

    startAt(node, list, index) {
      list.replaceChildren();
      list.first = list.made = index;
      if (index) this.rest(list, `${index} before`, () => { this.startAt(node, list, 0); this.more(node, list, CHUNK); });
    }

    rest(list, label, action) {
      const rest = make("li", "tree__rest");
      const button = make("button", "tree__more", label);
      button.type = "button";
      button.addEventListener("click", action);
      rest.append(button);
      list.append(rest);
      return rest;
    }

    more(node, list, upTo) {
      list.rest?.remove();
      const end = Math.min(node.v.length, upTo);
      const piece = document.createDocumentFragment();
      for (let i = list.made; i < end; i += 1) piece.append(this.item(node.v[i], node.k ? node.k[i] : String(i), i));
      list.made = end;
      list.append(piece);
      list.rest = end < node.v.length
        ? this.rest(list, `${node.v.length - end} more`, () => this.more(node, list, list.made + CHUNK)) : null;
    }

    close(node) {
      const item = this.lines.get(node);
      const list = item?.querySelector(":scope > ul");
      if (list) list.hidden = true;
      item?.firstChild.querySelector(".tree__fold")?.setAttribute("aria-expanded", "false");
    }

    toggle(node) {
      const list = this.lines.get(node).querySelector(":scope > ul");
      if (list && !list.hidden) this.close(node); else this.open(node);
    }

    unfoldAll() {
      let made = 0;
      const waiting = [this.root];
      while (waiting.length && made < EXPAND_LIMIT) {
        const node = waiting.shift();
        this.open(node);
        made += Math.min(node.v.length, CHUNK);
        waiting.push(...node.v.slice(0, CHUNK).filter(isFolder));
      }
    }

    bar() {
      const bar = this.box.querySelector("[data-bar]");
      const button = (label, action) => {
        const one = make("button", "copy", label);
        one.type = "button";
        one.classList.replace("copy", "btn");
        one.classList.add("btn--small", "btn--quiet");
        one.addEventListener("click", action);
        return one;
      };
      const raw = button("As text", () => {
        this.pre.hidden = !this.pre.hidden;
        this.view.hidden = !this.pre.hidden;
        raw.textContent = this.pre.hidden ? "As text" : "As tree";
      });
      bar.append(button("Unfold", () => this.unfoldAll()), button("Fold", () => this.root.v.forEach((one) => isFolder(one) && this.close(one))), raw);
      const find = make("div", "tree__find");
      const input = Object.assign(make("input"), { type: "search", placeholder: "Find in it" });
      input.setAttribute("aria-label", "Find in the payload");
      this.hitsLabel = make("span", "tree__hits");
      this.hitsLabel.setAttribute("role", "status");
      find.append(input, this.hitsLabel);
      bar.append(find);
      let timer;
      input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => this.find(input.value), 200); });
      input.addEventListener("keydown", (event) => {
        if (event.key === "Enter") { event.preventDefault(); this.go(event.shiftKey ? -1 : 1); }
      });
    }

    async find(text) {
      const mine = ++this.search;
      this.view.querySelectorAll(".is-hit, .is-current").forEach((one) => one.classList.remove("is-hit", "is-current"));
      this.hits = [];
      this.at = -1;
      const wanted = text.trim().toLowerCase();
      if (!wanted) { this.hitsLabel.textContent = ""; return; }
      const stack = [{ node: this.root, key: null, path: null, index: 0 }];
      let seen = 0;
      while (stack.length && this.hits.length < HIT_LIMIT) {
        const one = stack.pop();
        if (++seen % STEP === 0) {
          await new Promise((resolve) => { setTimeout(resolve); });
          if (mine !== this.search) return;
        }
        const { node } = one;
        const isLeaf = node.t !== "o" && node.t !== "a";
        if ((one.key !== null && one.key.toLowerCase().includes(wanted)) || (isLeaf && node.v.toLowerCase().includes(wanted))) this.hits.push(one);
        if (!isLeaf) for (let i = node.v.length - 1; i >= 0; i -= 1) stack.push({ node: node.v[i], key: node.k ? node.k[i] : null, path: one, index: i });
      }
      if (this.hits.length) this.go(1); else this.hitsLabel.textContent = "not found";
    }

    go(step) {
      if (!this.hits.length) return;
      this.lineOf(this.hits[this.at])?.classList.remove("is-current");
      this.at = (this.at + step + this.hits.length) % this.hits.length;
      const chain = [];
      for (let one = this.hits[this.at]; one; one = one.path) chain.unshift(one);
      for (let i = 0; i + 1 < chain.length; i += 1) this.open(chain[i].node, chain[i + 1].index);
      const line = this.lineOf(this.hits[this.at]);
      line?.classList.add("is-hit", "is-current");
      line?.scrollIntoView({ block: "nearest" });
      this.hitsLabel.textContent = `${this.at + 1} of ${this.hits.length}${this.hits.length === HIT_LIMIT ? "+" : ""}`;
    }

    lineOf(hit) { return hit && this.lines.get(hit.node)?.firstChild; }
  }

  const start = (root) => root.querySelectorAll("[data-tree]:not([data-started])").forEach((box) => {
    box.dataset.started = "yes";
    new Tree(box).start();
  });
  start(document);
  document.addEventListener("htmx:load", (event) => { if (event.target.querySelectorAll) start(event.target); });
})();
