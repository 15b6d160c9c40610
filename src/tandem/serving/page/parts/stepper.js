/** Going through steps: buttons, a slider, and playing. */

import { element } from "../dom.js";
import { t } from "../texts.js";

const PACE = 900; // milliseconds a step

/**
 * Return the controls of steps from 0 to `steps`.
 *
 * @param {{step: number, steps: number, onStep: (step: number) => void}} options
 * @returns {{node: HTMLElement, move: (by: number) => void, stop: () => void}}
 */
export function stepper({ step, steps, onStep }) {
  let timer = null;
  const button = (sign, key, act) =>
    element("button", { type: "button", "aria-label": t(key), title: t(key), onclick: act }, sign);
  const first = button("⇤", "step.first", () => go(0));
  const back = button("←", "step.back", () => go(step - 1));
  const play = button("", "step.play", () => (timer === null ? start() : stop()));
  const on = button("→", "step.on", () => go(step + 1));
  const last = button("⇥", "step.last", () => go(steps));
  const slider = element("input", {
    type: "range",
    min: 0,
    max: steps,
    "aria-label": t("beam.step"),
    oninput: ({ target }) => go(Number(target.value)),
  });
  const count = element("output", { class: "count" });
  const node = element(
    "span",
    { class: "stepper", role: "group", "aria-label": t("step.all") },
    first,
    back,
    play,
    on,
    last,
    slider,
    count,
  );
  renew();

  function go(next, isPlaying = false) {
    if (!isPlaying) stop();
    step = Math.max(0, Math.min(steps, next));
    renew();
    onStep(step);
  }

  function renew() {
    slider.value = step;
    slider.setAttribute("aria-valuetext", t("step.of", { step, steps }));
    count.textContent = t("step.of", { step, steps });
    // Kept able to hold the focus, which a disabled button loses.
    for (const [each, isOff] of [
      [first, step === 0],
      [back, step === 0],
      [on, step === steps],
      [last, step === steps],
    ]) {
      each.setAttribute("aria-disabled", String(isOff));
    }
    play.textContent = timer === null ? "▶" : "❚❚";
    play.setAttribute("aria-label", t(timer === null ? "step.play" : "step.pause"));
  }

  function start() {
    const begin = step === steps ? 0 : step;
    timer = setInterval(() => {
      if (step >= steps) return stop();
      return go(step + 1, true);
    }, PACE);
    go(begin, true);
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    renew();
  }

  return { node, move: (by) => go(step + by), stop };
}
