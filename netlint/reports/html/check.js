"use strict";
/* What the page does beyond being read: the theme, the filter (which lives in the fragment of the address), and the pictures, which are
   unpacked, folded and laid out when they are opened. All text is set as text, never as HTML. */
(() => {
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const RANKS = ["error", "warning", "advice"];

  /* -- theme -- */

  const theme = one("#theme");
  const isDark = () => getComputedStyle(document.documentElement).colorScheme === "dark" ||
    (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  const remember = (value) => { try { localStorage.setItem("netlint-theme", value); } catch { /* a browser may refuse to for files */ } };
  const remembered = () => { try { return localStorage.getItem("netlint-theme"); } catch { return null; } };
  const setTheme = (value) => { document.documentElement.dataset.theme = value; };
  if (["dark", "light"].includes(remembered())) setTheme(remembered());
  theme.addEventListener("click", () => {
    const value = isDark() ? "light" : "dark";
    setTheme(value);
    remember(value);
  });

  /* -- filter -- */

  const form = one("#filter");
  const findings = all(".finding");
  const sections = all(".file");
  const texts = new Map();
  const textOf = (article) => {
    if (!texts.has(article)) texts.set(article, `${article.parentElement.dataset.file} ${article.textContent}`.toLowerCase());
    return texts.get(article);
  };
  const wanted = () => ({
    severities: all("[name=severity]", form).filter((box) => box.checked).map((box) => box.value),
    rule: form.elements.rule.value,
    file: form.elements.file.value,
    text: form.elements.text.value.trim().toLowerCase(),
  });

  function filter() {
    const { severities, rule, file, text } = wanted();
    let shown = 0;
    for (const section of sections) {
      let some = false;
      for (const article of all(".finding", section)) {
        const { code, severity } = article.dataset;
        article.hidden = !(severities.includes(severity) && (!rule || code === rule) && (!file || section.dataset.file === file) &&
          (!text || textOf(article).includes(text)));
        some ||= !article.hidden;
        shown += !article.hidden;
      }
      section.hidden = !some;
    }
    const total = findings.length;
    one("#shown").textContent = shown === total ? `${total.toLocaleString("en")} findings` :
      `${shown.toLocaleString("en")} of ${total.toLocaleString("en")} findings`;
    hold(findings.find((article) => !article.hidden));
  }

  function fragmentOfFilter() {
    const { severities, rule, file, text } = wanted();
    const told = new URLSearchParams();
    if (severities.length < all("[name=severity]", form).length) told.set("severity", severities.join(","));
    if (rule) told.set("rule", rule);
    if (file) told.set("file", file);
    if (text) told.set("text", text);
    return told.toString();
  }

  function setFilter(told) {
    const severities = told.has("severity") ? told.get("severity").split(",") : RANKS;
    for (const box of all("[name=severity]", form)) box.checked = severities.includes(box.value);
    for (const name of ["rule", "file", "text"]) form.elements[name].value = told.get(name) || "";
    for (const name of ["rule", "file"]) if (form.elements[name].selectedIndex < 0) form.elements[name].value = "";
    filter();
  }

  if (form) {
    let waiting = 0;
    const changed = () => {
      filter();
      history.replaceState(null, "", `#${fragmentOfFilter()}`);
    };
    form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(changed, 120); });
    form.addEventListener("reset", () => setTimeout(changed));
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /* -- the list by keyboard: one finding can be reached by Tab, the arrows go to the next and the one before -- */

  let held = null;
  function hold(article) {
    if (held) held.tabIndex = -1;
    held = article || null;
    if (held) held.tabIndex = 0;
  }
  document.addEventListener("focusin", (event) => { if (event.target.matches?.(".finding")) hold(event.target); });
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.(".finding") || event.ctrlKey || event.altKey || event.metaKey) return;
    const visible = findings.filter((article) => !article.hidden);
    const at = visible.indexOf(event.target);
    const next = { ArrowDown: visible[at + 1], ArrowUp: visible[at - 1], Home: visible[0], End: visible.at(-1) }[event.key];
    if (next) {
      event.preventDefault();
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      one(".to-network", event.target)?.click();
    }
  });

  /* -- pictures: the tree of modules -- */

  const marks = JSON.parse(one("#marks").textContent);
  const pictures = new Map();
  const BOXES = 36;
  const MOST_BOXES = 250;

  async function unpacked(base64) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }

  /* A group is a module with what is applied in it; a run is several equal modules one after the other, and a group too. */
  function treeOf(drawing) {
    const groups = new Map();
    const group = (path) => {
      if (!groups.has(path)) {
        const cut = path.lastIndexOf(".");
        const parent = path === "" ? null : group(cut < 0 ? "" : path.slice(0, cut));
        const [kind, plain] = drawing.modules[path] || ["", true];
        const made = { id: `g:${path}`, path, name: path.slice(cut + 1), kind, plain, parent, items: [] };
        groups.set(path, made);
        parent?.items.push(made);
      }
      return groups.get(path);
    };
    group("");
    const nodes = drawing.op.map((op, number) => {
      const parent = group(drawing.in[number]);
      const node = { id: `n:${number}`, number, op, parent };
      parent.items.push(node);
      return node;
    });
    const look = new Map();
    const lookOf = (item) => {
      if (!item.items) return item.op;
      if (!look.has(item)) look.set(item, `${item.kind}(${item.items.map(lookOf).join()})`);
      return look.get(item);
    };
    const alike = (a, b) => a.items && b.items && a.kind === b.kind && (a.plain ? lookOf(a) === lookOf(b) : true);
    for (const parent of [...groups.values()]) {
      const folded = [];
      for (const item of parent.items) {
        const last = folded.at(-1);
        if (last && alike(last.members?.at(-1) ?? last, item)) {
          if (last.members) last.members.push(item);
          else folded.splice(-1, 1, { members: [last, item] });
        } else folded.push(item);
      }
      parent.items = folded.map((item) => {
        if (!item.members) return item;
        const [first, end] = [item.members[0], item.members.at(-1)];
        const run = { id: `r:${first.path}`, path: first.path, name: `${first.name} \u2013 ${end.name}`, kind: first.kind, plain: first.plain,
          run: item.members.length, parent, items: item.members };
        for (const member of item.members) member.parent = run;
        return run;
      });
    }
    return { root: groups.get(""), nodes };
  }

  const leaves = (item) => (item.items ? item.items.flatMap(leaves) : [item]);
  const ancestors = (item) => (item.parent ? [item.parent, ...ancestors(item.parent)] : []);
  const soleRun = (item) => (item.items?.length === 1 && item.items[0].run ? item.items[0] : null);

  /* Opens modules level by level as long as all boxes together can be read; what repeats stays folded. */
  function openedAtFirst(root) {
    const open = new Set([root]);
    let boxes = root.items.length;
    let level = root.items;
    while (level.length) {
      const next = [];
      for (const item of level) {
        if (!item.items || item.run || soleRun(item) || boxes - 1 + item.items.length > BOXES) continue;
        open.add(item);
        boxes += item.items.length - 1;
        next.push(...item.items);
      }
      level = next;
    }
    return open;
  }

  /* -- pictures: drawing -- */

  const TITLE = 14;
  const SVG = "http://www.w3.org/2000/svg";
  function svg(name, attributes = {}, ...children) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }
  function html(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }
  const cut = (text, most = 44) => (text.length > most ? `${text.slice(0, most - 1)}\u2026` : text);
  const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  const sizes = (shape) => (shape === null ? "shape unknown" : shape.map((size) => size ?? "?").join(" \u00d7 ") || "scalar");

  class View {
    constructor(details, drawing) {
      this.drawing = drawing;
      this.marks = marks[Number(details.id.slice("network-".length)) - 1];
      Object.assign(this, treeOf(drawing));
      this.open = openedAtFirst(this.root);
      this.readers = this.nodes.map(() => []);
      drawing.reads.forEach((sources, reader) => sources.forEach((source) => this.readers[source].push(reader)));
      this.scale = 1;
      this.canvas = html("div", { className: "canvas" });
      this.about = html("div", { className: "about" });
      this.about.setAttribute("aria-live", "polite");
      const button = (words, act) => html("button", { type: "button", textContent: words, onclick: act });
      const bar = html("div", { className: "bar" }, button("Open all", () => this.openAll()), button("Fold all", () => this.foldAll()),
        button("Smaller", () => this.zoom(0.8)), button("Larger", () => this.zoom(1.25)));
      one(".picture", details).replaceChildren(bar, this.about, this.canvas);
      this.name = one("summary strong", details).textContent;
      this.tell(null);
      this.draw();
    }

    /* Each node of the network stands in the box of the outermost module that is closed. */
    boxOf(node) {
      const closed = ancestors(node).reverse().find((group) => !this.open.has(group));
      return closed || node;
    }

    found(item) {
      return [...new Set(leaves(item).flatMap((node) => this.marks[node.number] || []))];
    }

    worst(found) {
      const ranks = found.map((number) => RANKS.indexOf(one(`#finding-${number}`).dataset.severity));
      return RANKS[Math.min(...ranks)];
    }

    lines(item) {
      const { path, shape, parameters } = this.drawing;
      if (!item.items) {
        const own = path[item.number] !== this.drawing.in[item.number] ? path[item.number].split(".").at(-1) : "";
        const size = shape[item.number] ? sizes(shape[item.number]) : "";
        return [item.op, [own, size].filter(Boolean).join(" \u00b7 ")];
      }
      const inside = leaves(item);
      const run = item.run ? item : soleRun(item);
      const counts = inside.map((node) => parameters[node.number]);
      const sum = counts.includes(null) ? "" : `, ${count(counts.reduce((a, b) => a + b, 0), "parameter")}`;
      const repeats = run ? `\u00d7${run.run} ${run.kind}` : item.kind;
      return [[item.name || this.name, repeats].filter(Boolean).join(" \u00b7 "), `${count(inside.length, "operator")}${sum}`];
    }

    draw(focus = null) {
      const graph = new dagre.graphlib.Graph({ compound: true, multigraph: false });
      graph.setGraph({ rankdir: "TB", nodesep: 22, ranksep: 30, marginx: 14, marginy: 14 + TITLE });
      graph.setDefaultEdgeLabel(() => ({}));
      const boxes = new Map();
      const clusters = [];
      const place = (item, parent) => {
        const shown = this.open.has(item);
        if (shown && item.run && soleRun(item.parent)) { /* the box around it says the same */
          item.items.forEach((child) => place(child, parent));
          return;
        }
        if (item !== this.root) {
          boxes.set(item.id, item);
          const [first, second] = this.lines(item).map((line) => cut(line));
          const sign = this.found(item).length ? 5 : 0;
          const width = Math.max((first.length + sign + (item.items ? 2 : 0)) * 7, second.length * 6) + 26;
          graph.setNode(item.id, shown ? { } : { width, height: second ? 42 : 28 });
          if (parent !== this.root) graph.setParent(item.id, parent.id);
          if (shown) clusters.push(item);
        }
        if (shown) item.items.forEach((child) => place(child, item));
      };
      place(this.root, null);
      const linked = new Set();
      this.drawing.reads.forEach((sources, reader) => sources.forEach((source) => {
        const [from, to] = [this.boxOf(this.nodes[source]), this.boxOf(this.nodes[reader])];
        const key = `${from.id}>${to.id}`;
        if (from !== to && !linked.has(key)) {
          linked.add(key);
          graph.setEdge(from.id, to.id);
        }
      }));
      dagre.layout(graph, boxes.size > 150 ? { ranker: "longest-path" } : {});
      this.boxes = [...boxes.values()];
      this.paint(graph, clusters);
      this.chosen = null;
      const keep = focus && boxes.get(focus);
      this.choose(keep || this.boxes.find((item) => !this.open.has(item)), Boolean(keep));
    }

    paint(graph, clusters) {
      const { width, height } = graph.graph();
      this.size = [Math.max(width, 40), Math.max(height, 40)];
      const tip = svg("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" },
        svg("path", { d: "M0,0L8,4L0,8z", class: "tip" }));
      const drawing = svg("svg", { viewBox: `0 0 ${this.size.join(" ")}`, role: "group", "aria-label": `The network ${this.name}` },
        svg("defs", {}, tip));
      for (const group of clusters) drawing.append(this.box(group, graph.node(group.id), true));
      for (const edge of graph.edges()) {
        const points = graph.edge(edge).points.map((point) => `${point.x.toFixed(1)},${point.y.toFixed(1)}`);
        drawing.append(svg("path", { d: `M${points.join("L")}`, class: "edge", "marker-end": "url(#tip)" }));
      }
      for (const item of this.boxes) if (!this.open.has(item)) drawing.append(this.box(item, graph.node(item.id), false));
      this.drawn = drawing;
      this.canvas.replaceChildren(drawing);
      this.zoom(1);
    }

    box(item, at, isOpen) {
      const [x, y] = [at.x - at.width / 2, at.y - at.height / 2];
      const found = this.found(item);
      const kinds = ["node", item.items && (isOpen ? "open" : "closed"), found.length && !isOpen && `flagged ${this.worst(found)}`];
      const [first, second] = this.lines(item).map((line) => cut(line));
      const what = item.items ? (isOpen ? "Fold: " : "Open: ") : "";
      const label = `${what}${first}. ${second}${found.length ? `. ${count(found.length, "finding")}` : ""}`;
      const made = svg("g", { class: kinds.filter(Boolean).join(" "), tabindex: -1, role: "button", "aria-label": label, "data-id": item.id });
      if (item.items) made.setAttribute("aria-expanded", String(isOpen));
      const room = isOpen ? TITLE : 0;
      const rect = { x, y: y - room, width: at.width, height: at.height + room, rx: 6 };
      if (!isOpen && (item.run || soleRun(item))) made.append(svg("rect", { ...rect, class: "under" }));
      made.append(svg("rect", { ...rect, class: "box" }));
      if (isOpen) {
        made.append(svg("text", { x: x + 6, y: y - 2, class: "small title" }, `\u2212 ${first}`));
      } else {
        const sign = found.length ? [svg("tspan", { class: "sign" }, `  \u26a0 ${found.length}`)] : [];
        const start = item.items ? `+ ${first}` : first;
        made.append(svg("text", { x: at.x, y: y + 18, "text-anchor": "middle" }, start, ...sign));
        if (second) made.append(svg("text", { x: at.x, y: y + 34, class: "small", "text-anchor": "middle" }, second));
      }
      made.append(svg("title", {}, this.words(item).join("\n")));
      made.addEventListener("click", () => { this.choose(item, true); this.act(item); });
      made.addEventListener("mouseenter", () => this.tell(item));
      made.addEventListener("focus", () => this.choose(item, false));
      made.addEventListener("keydown", (event) => this.key(event, item));
      return made;
    }

    /* What is told of a box: shape, parameters, path, place. */
    words(item) {
      const { shape, parameters, path, file, files, row } = this.drawing;
      const [first, second] = this.lines(item);
      if (item.items) return [first, second, item.path && `module ${item.path}`].filter(Boolean);
      const at = item.number;
      const has = parameters[at] === null ? "parameters unknown" : count(parameters[at], "parameter");
      const where = path[at] ? `${path[at] === this.drawing.in[at] ? "in the forward of" : "module"} ${path[at]}` : "";
      const place = file[at] === null ? "" : `${files[file[at]]}:${row[at]}`;
      return [item.op, `${sizes(shape[at])}, ${has}`, [where, place].filter(Boolean).join(", ")].filter(Boolean);
    }

    tell(item) {
      if (!item) return this.about.replaceChildren(html("p", { textContent: "Point at a box, or go to it with Tab and the arrows." }));
      const [first, ...others] = this.words(item);
      const links = this.found(item).slice(0, 12).map((number) => {
        const article = one(`#finding-${number}`);
        return html("a", { href: `#finding-${number}`, textContent: `${article.dataset.code} ${article.dataset.severity}` });
      });
      const told = [html("p", {}, html("strong", { textContent: first })), ...others.map((words) => html("p", { textContent: words }))];
      if (links.length) told.push(html("p", {}, "Findings: ", ...links.flatMap((link) => [link, " "])));
      return this.about.replaceChildren(...told);
    }

    element(item) {
      return all(".node", this.drawn).find((made) => made.dataset.id === item.id);
    }

    choose(item, focus) {
      if (!item) return;
      if (this.chosen !== item) {
        for (const made of all(".node", this.drawn)) made.tabIndex = made.dataset.id === item.id ? 0 : -1;
        this.chosen = item;
      }
      if (focus) {
        this.tell(item);
        this.element(item).focus({ preventScroll: true });
        this.element(item).scrollIntoView({ block: "nearest", inline: "nearest" });
      } else if (document.activeElement === this.element(item)) this.tell(item);
    }

    act(item) {
      if (item.items) return this.toggle(item);
      const [first] = this.found(item);
      if (first) location.hash = `#finding-${first}`;
    }

    toggle(item) {
      if (this.open.has(item)) {
        this.open.delete(item);
        this.open.delete(soleRun(item));
      } else {
        this.open.add(item);
        if (soleRun(item)) this.open.add(soleRun(item));
      }
      this.draw(item.id);
    }

    key(event, item) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        event.stopPropagation();
        this.act(item);
        return;
      }
      const inside = leaves(item).map((node) => node.number);
      const outside = (numbers) => numbers.map((number) => this.boxOf(this.nodes[number])).find((box) => box !== item && !inside.includes(box.number));
      const at = this.boxes.indexOf(item);
      const next = {
        ArrowDown: () => outside(inside.flatMap((number) => this.readers[number])),
        ArrowUp: () => outside(inside.flatMap((number) => this.drawing.reads[number])),
        ArrowRight: () => this.boxes[at + 1],
        ArrowLeft: () => this.boxes[at - 1],
      }[event.key]?.();
      if (!next) return;
      event.preventDefault();
      this.choose(next, true);
    }

    /* Opens all that is around a layer, and goes to it. */
    reveal(number) {
      const node = this.nodes[number];
      ancestors(node).forEach((group) => this.open.add(group));
      this.draw(node.id);
      this.element(node).classList.add("chosen");
    }

    openAll() {
      const groups = [];
      const visit = (item) => { if (item.items) { groups.push(item); item.items.forEach(visit); } };
      visit(this.root);
      if (groups.length + this.nodes.length > MOST_BOXES) {
        const words = `${count(this.nodes.length, "operator")} are too many for one picture: open the modules that matter.`;
        this.about.replaceChildren(html("p", { textContent: words }));
        return;
      }
      groups.forEach((group) => this.open.add(group));
      this.draw();
    }

    foldAll() {
      this.open = new Set([this.root]);
      this.draw();
    }

    zoom(factor) {
      this.scale = Math.min(4, Math.max(0.2, this.scale * factor));
      this.drawn.setAttribute("width", this.size[0] * this.scale);
      this.drawn.setAttribute("height", this.size[1] * this.scale);
    }
  }

  async function viewOf(details) {
    if (!pictures.has(details)) {
      pictures.set(details, unpacked(details.dataset.drawing).then((drawing) => new View(details, drawing)));
    }
    return pictures.get(details);
  }

  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".network") && event.target.open) viewOf(event.target);
  }, true);

  async function showNetwork(number, layer) {
    const details = one(`#network-${CSS.escape(number)}`);
    if (!details) return;
    reveal(details);
    const view = await viewOf(details);
    if (layer !== null && view.nodes[Number(layer)]) view.reveal(Number(layer));
    details.scrollIntoView({ block: "start" });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".to-network");
    if (!link) return;
    event.preventDefault();
    const told = new URLSearchParams({ network: link.hash.slice("#network-".length) });
    if (link.dataset.layer) told.set("layer", link.dataset.layer);
    location.hash = `#${told}`;
  });

  /* -- the address: `#finding-3` and the like are places, `#severity=error&rule=CODE` and `#network=1&layer=4` are states -- */

  function reveal(place) {
    for (let around = place; around; around = around.parentElement) if (around.tagName === "DETAILS") around.open = true;
  }

  function follow() {
    const fragment = location.hash.slice(1);
    if (fragment.includes("=")) {
      const told = new URLSearchParams(fragment);
      if (told.has("network")) showNetwork(told.get("network"), told.get("layer"));
      else if (form) {
        setFilter(told);
        form.scrollIntoView();
      }
      return;
    }
    const place = fragment && document.getElementById(decodeURIComponent(fragment));
    if (!place) return;
    if (place.hidden || place.closest("[hidden]")) setFilter(new URLSearchParams());
    reveal(place);
    place.scrollIntoView();
    if (place.tabIndex >= -1 && place.matches(".finding, h2")) place.focus({ preventScroll: true });
  }

  for (const control of all(".control[hidden]")) control.hidden = false;
  if (form) filter();
  addEventListener("hashchange", follow);
  follow();
  document.documentElement.dataset.ready = "yes";
})();
