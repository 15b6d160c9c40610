/** The part of the view that shows where a text's context lies, and which training sentences lie next to it. */

import { latest } from "../api.js";
import { element } from "../dom.js";
import { problem } from "../parts/problem.js";
import { saveButtons } from "../parts/save_buttons.js";
import { number, t } from "../texts.js";
import { scatter } from "./scatter.js";

const AGAIN = 1000; // milliseconds until the server is asked anew that is still computing

/**
 * @param {import("../views.js").Context} context
 * @param {(text: string) => void} look called with a neighbour's source that is to be looked at
 * @returns {{element: HTMLElement, load: (text: string, model: string) => void, stop: () => void}}
 */
export function neighboursPart({ api }, look) {
  const content = element("div", { class: "place" });
  const section = element(
    "section",
    { "aria-labelledby": "place-title" },
    element("h2", { id: "place-title" }, t("inside.place")),
    element("p", { class: "note" }, t("inside.place.note")),
    content,
  );
  const requests = latest();
  const state = { timer: undefined };

  function load(text, model) {
    clearTimeout(state.timer);
    if (!content.childElementCount) content.append(element("p", { class: "note", role: "status" }, t("part.working")));
    requests.run(
      (signal) => api.post("v1/neighbours", { text, model }, { signal }),
      (answer) => {
        if (!answer.computing) {
          show(answer);
          return;
        }
        showProgress(answer.computing);
        state.timer = setTimeout(() => load(text, model), AGAIN);
      },
      (error) => content.replaceChildren(problem(error, () => load(text, model))),
    );
  }

  function showProgress({ done, total }) {
    if (!content.querySelector(".computing")) {
      const bar = element("progress", { "aria-label": t("inside.computing.label") });
      content.replaceChildren(
        element(
          "p",
          { class: "computing" },
          element("span", { role: "status" }, t("inside.computing")),
          bar,
          element("span"),
        ),
      );
    }
    if (!total) return; // how many there are is not known yet
    Object.assign(content.querySelector("progress"), { max: total, value: done });
    content.querySelector(".computing span:last-child").textContent = t("inside.computed", { done, total });
  }

  function show(found) {
    // A number that is not finite comes as null, and has no place.
    const answer = { ...found, points: found.points.filter((each) => !each.includes(null)) };
    const picture = scatter(answer, pictureWidth(content));
    const points = () => [
      ["x", "y", "is"],
      [...answer.point, "text"],
      ...answer.points.map((each) => [...each, "training"]),
    ];
    const rows = () => [
      ["rank", "source", "target", "distance"],
      ...answer.neighbours.map(({ source, target, distance }, at) => [at + 1, source, target, distance]),
    ];
    content.replaceChildren(
      element(
        "figure",
        { class: "card padded" },
        element(
          "div",
          { class: "chart-head" },
          element("h3", {}, t("inside.plane")),
          saveButtons({ name: "tandem-context", picture: () => picture, table: points }),
        ),
        picture,
        element("p", { class: "note" }, t("inside.axes")),
      ),
      element(
        "div",
        { class: "card padded" },
        element(
          "div",
          { class: "chart-head" },
          element("h3", {}, t("inside.nearest")),
          saveButtons({ name: "tandem-neighbours", table: rows }),
        ),
        element("ol", { class: "nearest" }, ...answer.neighbours.map((each) => entry(each, look))),
      ),
    );
  }

  return {
    element: section,
    load,
    stop: () => {
      clearTimeout(state.timer);
      requests.stop();
    },
  };
}

/** The width of the card that the picture is going to be in: letters in it then are as large as those around. */
function pictureWidth(content) {
  const width = content.clientWidth;
  return Math.max(280, Math.round(width > 700 ? width / 2 : width) - 40);
}

function entry({ source, target, distance }, look) {
  const button = {
    type: "button",
    class: "neighbour",
    dir: "auto",
    title: t("inside.look"),
    onclick: () => look(source),
  };
  return element(
    "li",
    {},
    element(
      "div",
      { class: "neighbour-texts" },
      element("button", button, source),
      target !== null && element("p", { dir: "auto" }, target),
    ),
    element(
      "span",
      { class: "distance", "aria-label": t("inside.distance", { distance: number(distance) }) },
      number(distance),
    ),
  );
}
