/** Pictures and tables as files. */

import { element } from "./dom.js";

/** What CSS says of an SVG that has to be in its file: all are inherited but "opacity". The rest are attributes. */
const KEPT = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-opacity",
  "stroke-linecap",
  "stroke-linejoin",
  "opacity",
  "font-family",
  "font-size",
  "font-style",
  "font-weight",
  "font-variant-numeric",
  "text-anchor",
  "dominant-baseline",
  "paint-order",
];
const NEEDLESS = ["class", "tabindex", "data-id", "data-target"];
const SCALE = 2; // pixels of a PNG a pixel of the page
const LARGEST = 8192; // pixels a side, which every browser's canvas can do

/**
 * Save a picture. An SVG's file holds its styles and a background, so that it looks the same everywhere.
 *
 * @param {SVGSVGElement|HTMLCanvasElement} picture
 * @param {string} name of the file, without its ending
 * @param {"svg"|"png"} form a canvas can be saved as "png" only
 */
export async function savePicture(picture, name, form) {
  if (picture instanceof HTMLCanvasElement) {
    save(await pngOf(picture), `${name}.png`);
    return;
  }
  const { text, width, height } = standalone(picture);
  if (form === "svg") save(new Blob([text], { type: "image/svg+xml" }), `${name}.svg`);
  else save(await pngOf(await drawn(text, width, height)), `${name}.png`);
}

/**
 * Save a table as CSV; the first row names the columns.
 *
 * @param {(string|number|null)[][]} rows
 * @param {string} name of the file, without its ending
 */
export function saveTable(rows, name) {
  // With the mark at the front, spreadsheets read it as UTF-8.
  save(new Blob([`\ufeff${csv(rows)}`], { type: "text/csv;charset=utf-8" }), `${name}.csv`);
}

/**
 * Return rows as CSV (RFC 4180). A text that a spreadsheet would take for a formula gets an apostrophe in front.
 *
 * @param {(string|number|null|undefined)[][]} rows
 */
export function csv(rows) {
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/**
 * Return an SVG as a file of its own: computed styles as attributes, a size, a background.
 *
 * @param {SVGSVGElement} svg
 * @returns {{text: string, width: number, height: number}}
 */
export function standalone(svg) {
  const copy = svg.cloneNode(true);
  const originals = [svg, ...svg.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  for (const [place, original] of originals.entries()) {
    const style = getComputedStyle(original);
    const above = original === svg ? null : getComputedStyle(original.parentNode);
    for (const name of KEPT) {
      const value = style.getPropertyValue(name);
      const isGiven = name === "opacity" ? value === "1" : value === above?.getPropertyValue(name);
      if (isGiven) copies[place].removeAttribute(name);
      else copies[place].setAttribute(name, value);
    }
    for (const name of NEEDLESS) copies[place].removeAttribute(name);
    if (style.visibility === "hidden" || style.display === "none") copies[place].dataset.unsaved = "";
  }
  for (const left of copy.querySelectorAll("[data-unsaved]")) left.remove();
  const box = svg.viewBox.baseVal;
  const { width, height } = box?.width ? box : svg.getBoundingClientRect();
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("viewBox", `${box?.x ?? 0} ${box?.y ?? 0} ${width} ${height}`);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const background = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const attributes = { x: box?.x ?? 0, y: box?.y ?? 0, width, height, fill: backgroundOf(svg) };
  for (const [key, value] of Object.entries(attributes)) background.setAttribute(key, value);
  copy.prepend(background);
  return { text: new XMLSerializer().serializeToString(copy), width, height };
}

function backgroundOf(node) {
  for (let each = node; each; each = each.parentElement) {
    const colour = getComputedStyle(each).backgroundColor;
    if (!/^(transparent|rgba\(.*, 0\))$/.test(colour)) return colour;
  }
  return "#ffffff";
}

async function drawn(text, width, height) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const scale = Math.min(SCALE, LARGEST / Math.max(width, height));
  const canvas = element("canvas", { width: Math.ceil(width * scale), height: Math.ceil(height * scale) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function pngOf(canvas) {
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("The picture is too large for a PNG."))),
      "image/png",
    );
  });
}

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
