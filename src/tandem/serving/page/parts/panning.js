/** Moving what is larger than its frame by dragging it. */

const SLACK = 4; // pixels that a click may move

/**
 * Let a scrolled element be dragged with the mouse; fingers scroll it anyway.
 *
 * @param {HTMLElement} frame
 * @returns {() => void} ends it
 */
export function draggable(frame) {
  let from = null;

  const down = ({ button, pointerType, clientX: x, clientY: y }) => {
    if (button === 0 && pointerType === "mouse")
      from = { x, y, left: frame.scrollLeft, top: frame.scrollTop, isMoved: false };
  };
  const move = ({ clientX, clientY }) => {
    if (!from) return;
    const [right, down] = [clientX - from.x, clientY - from.y];
    if (!from.isMoved && Math.hypot(right, down) < SLACK) return;
    from.isMoved = true;
    frame.classList.add("dragged");
    frame.scrollLeft = from.left - right;
    frame.scrollTop = from.top - down;
  };
  const up = () => {
    if (from?.isMoved)
      frame.addEventListener("click", (event) => event.stopPropagation(), { capture: true, once: true });
    setTimeout(() => frame.classList.remove("dragged"));
    from = null;
  };

  frame.addEventListener("pointerdown", down);
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", up);
  return () => {
    window.removeEventListener("pointermove", move);
    window.removeEventListener("pointerup", up);
  };
}
