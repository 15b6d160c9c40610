"use strict";
// Pointing at, searching and zooming into the picture of contexts. Without it the picture is a plain drawing.
for (const figure of document.querySelectorAll(".contexts")) {
  const svg = figure.querySelector("svg.plane");
  const world = svg.querySelector(".world");
  const phrases = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const details = figure.querySelector(".details");
  const search = figure.querySelector("input");
  const count = figure.querySelector(".count");
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const places = [...world.querySelectorAll(".place")].map((node, number) => {
    const [x, y] = node.getAttribute("transform").match(/-?[\d.]+/g).map(Number);
    return { node, x, y, ...phrases[number] };
  });
  const most = 40;
  let scale = 1, left = 0, top = 0, current = null;

  function element(tag, text, parent) {
    const made = document.createElement(tag);
    made.textContent = text;
    parent.append(made);
    return made;
  }

  function show(place) {
    if (current) current.node.classList.remove("current");
    current = place;
    place.node.classList.add("current");
    details.replaceChildren();
    if (place.group) element("p", place.group, details).className = "group";
    element("p", place.text, details).className = "phrase";
    element("p", "→ " + place.translation, details).className = "translation";
    element("p", "Nearest texts", details).className = "heading";
    const list = element("ol", "", details);
    for (const [text, distance] of place.neighbours) {
      const item = element("li", text + " ", list);
      element("span", distance.toFixed(1), item).className = "distance";
    }
  }

  function draw() {
    world.setAttribute("transform", `translate(${left} ${top}) scale(${scale})`);
    for (const { node, x, y } of places)
      node.setAttribute("transform", `translate(${x} ${y}) scale(${1 / scale})`);
    label();
  }

  // Where there is room for it, a name stands beside its point: what is in the middle chooses last.
  function label() {
    const at = places.map(({ x, y }) => [x * scale + left, y * scale + top]);
    const inside = at.map(([x, y]) => x > 0 && x < width && y > 0 && y < height);
    const taken = at.filter((_, n) => inside[n]).map(([x, y]) => [x - 7, y - 7, x + 7, y + 7]);
    const far = at.map(([x, y]) => Math.hypot(x - width / 2, y - height / 2));
    const order = [...places.keys()].filter((n) => inside[n]).sort((a, b) => far[b] - far[a]);
    for (const { node } of places) node.querySelectorAll("text, .leader").forEach((part) => part.remove());
    if (order.length > most * 1.5) return;
    for (const n of order) {
      const text = places[n].text.length > 64 ? places[n].text.slice(0, 63) + "…" : places[n].text;
      const spot = free(at[n], text.length * 5.7, taken);
      if (spot) write(places[n].node, text, spot);
    }
  }

  function free([x, y], wide, taken) {
    for (const distance of [10, 24, 40, 58, 80, 105])
      for (const angle of [0, 180, 270, 90, 325, 215, 35, 145]) {
        const across = distance * Math.cos((angle * Math.PI) / 180);
        const down = distance * Math.sin((angle * Math.PI) / 180);
        const anchor = across > 1 ? "start" : across < -1 ? "end" : "middle";
        const start = x + across - wide * { start: 0, middle: 0.5, end: 1 }[anchor];
        const box = [start, y + down - 7, start + wide, y + down + 7];
        if (box[0] < 4 || box[1] < 4 || box[2] > width - 4 || box[3] > height - 24) continue;
        if (taken.some((b) => b[0] < box[2] && box[0] < b[2] && b[1] < box[3] && box[1] < b[3])) continue;
        taken.push(box);
        return { across, down, anchor, distance };
      }
    return null;
  }

  function write(node, text, { across, down, anchor, distance }) {
    const made = (tag, attributes) => {
      const part = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
      return part;
    };
    if (distance > 10) node.prepend(made("line", { class: "leader", x1: 0, y1: 0, x2: across, y2: down }));
    const name = made("text", { x: across, y: down + 3.5, "text-anchor": anchor });
    name.textContent = text;
    node.append(name);
  }

  function zoom(factor, x = width / 2, y = height / 2) {
    const next = Math.min(40, Math.max(1, scale * factor));
    left = x - ((x - left) * next) / scale;
    top = y - ((y - top) * next) / scale;
    scale = next;
    keep();
    draw();
  }

  // Some of the picture always stays in view.
  function keep() {
    left = Math.min(0, Math.max(width - width * scale, left));
    top = Math.min(0, Math.max(height - height * scale, top));
  }

  function reset() {
    [scale, left, top] = [1, 0, 0];
    draw();
  }

  // From the page's pixels to the drawing's units.
  function position(event) {
    const box = svg.getBoundingClientRect();
    const unit = Math.max(width / box.width, height / box.height);
    return [
      (event.clientX - box.left - box.width / 2) * unit + width / 2,
      (event.clientY - box.top - box.height / 2) * unit + height / 2,
    ];
  }

  function nearest(x, y, reach) {
    const away = places.map((p) => Math.hypot(p.x * scale + left - x, p.y * scale + top - y));
    const best = away.indexOf(Math.min(...away));
    return away[best] < reach ? places[best] : null;
  }

  // The next phrase in a direction: near, and not far off the way.
  function beside(across, down) {
    const cost = places.map((p) => {
      const dx = p.x - current.x, dy = p.y - current.y;
      const along = dx * across + dy * down, off = Math.abs(dx * down) + Math.abs(dy * across);
      return p === current || along <= 0 ? Infinity : along + 2 * off;
    });
    const best = cost.indexOf(Math.min(...cost));
    return cost[best] < Infinity ? places[best] : current;
  }

  let drag = null;
  svg.addEventListener("pointerdown", (event) => {
    const [x, y] = position(event);
    drag = [x, y, left, top];
    const place = nearest(x, y, 22);
    if (place) show(place);
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    const [x, y] = position(event);
    if (drag && event.buttons) {
      left = drag[2] + x - drag[0];
      top = drag[3] + y - drag[1];
      keep();
      draw();
    } else {
      const place = nearest(x, y, 22);
      if (place && place !== current) show(place);
    }
  });
  svg.addEventListener("pointerup", () => (drag = null));
  svg.addEventListener("pointercancel", () => (drag = null));
  svg.addEventListener("dblclick", reset);
  svg.addEventListener(
    "wheel",
    (event) => {
      if (scale === 1 && event.deltaY > 0) return; // the page scrolls on
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / (event.deltaMode ? 20 : 400)), ...position(event));
    },
    { passive: false },
  );

  const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in directions) show(current ? beside(...directions[event.key]) : places[0]);
    else if (event.key === "+" || event.key === "=") zoom(1.5);
    else if (event.key === "-") zoom(1 / 1.5);
    else if (event.key === "0" || event.key === "Escape") reset();
    else return;
    event.preventDefault();
    if (current) follow();
  });

  function inView(place) {
    const x = place.x * scale + left, y = place.y * scale + top;
    return x >= 0 && x <= width && y >= 0 && y <= height;
  }

  // A phrase chosen by key comes into view.
  function follow() {
    if (inView(current)) return;
    left = width / 2 - current.x * scale;
    top = height / 2 - current.y * scale;
    keep();
    draw();
  }

  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    let found = 0;
    for (const place of places) {
      const has = [place.text, place.translation, place.group].some((text) => text.toLowerCase().includes(wanted));
      place.node.classList.toggle("found", has && wanted !== "");
      place.node.classList.toggle("faded", !has);
      found += has;
    }
    svg.classList.toggle("searching", wanted !== "");
    const seen = places.some((p) => p.node.classList.contains("found") && inView(p));
    if (found && wanted && !seen) reset();
    count.textContent = wanted ? `${found} of ${places.length}` : "";
  });

  for (const [name, act] of Object.entries({ in: () => zoom(1.5), out: () => zoom(1 / 1.5), reset }))
    figure.querySelector(`[data-do=${name}]`).addEventListener("click", act);
  // Its own titles would come over the details.
  for (const { node } of places) node.querySelector("title").remove();
  svg.setAttribute("tabindex", "0");
  svg.classList.add("live");
  figure.classList.add("live");
}
