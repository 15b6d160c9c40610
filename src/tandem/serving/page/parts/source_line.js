/** The source text of views that look at one sentence. */

import { wholeNumber } from "../address.js";
import { element } from "../dom.js";
import { t } from "../texts.js";
import { field, select, textBox } from "./fields.js";

const LINE_END = /\r\n|\r|\n/;

/**
 * Return where a source text is written, and a choice of the line where there are several.
 *
 * @param {import("../views.js").Context} context whose parameters "text" and "line" it sets
 * @param {(wasTyped: boolean) => void} onChange
 * @returns {{node: HTMLElement, line: () => string}} `line` returns the sentence that is looked at, or ""
 */
export function sourceLine({ parameters, setParameters }, onChange) {
  const box = textBox({ value: parameters.get("text") ?? "", label: t("part.source"), rows: 1, onInput });
  const chooser = element("div", { class: "lines" });
  renew();

  function lines() {
    return box.value
      .split(LINE_END)
      .map((line) => line.trim())
      .filter(Boolean);
  }

  function place() {
    return wholeNumber(parameters, "line", { least: 1, most: Math.max(1, lines().length), otherwise: 1 });
  }

  function renew() {
    const all = lines();
    chooser.hidden = all.length < 2;
    if (chooser.hidden) return chooser.replaceChildren();
    const entries = all.map((line, number) => [
      number + 1,
      `${number + 1}: ${line.length > 60 ? `${line.slice(0, 59)}…` : line}`,
    ]);
    const list = select(entries, place(), (value) => {
      setParameters({ line: value === "1" ? null : value });
      onChange(false);
    });
    return chooser.replaceChildren(field(t("part.line"), list));
  }

  function onInput(text) {
    setParameters({ text });
    renew();
    onChange(true);
  }

  return { node: element("div", { class: "source" }, box, chooser), line: () => lines()[place() - 1] ?? "" };
}
