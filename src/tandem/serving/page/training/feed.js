/** Asking the server for what has happened since, again and again, as long as somebody may be looking. */

/** What is known of a run: the rows of its metrics file, and which row comes next. */
export function emptyFeed() {
  return { rows: [], next: 0 };
}

/**
 * Return a feed with the rows that are new; the very same feed where there are none.
 *
 * @param {ReturnType<typeof import("../api.js").createApi>} api
 * @param {string} name of the run
 * @param {{rows: object[], next: number}} feed
 * @param {AbortSignal} [signal]
 */
export async function readOn(api, name, feed, signal) {
  const path = `v1/runs/${encodeURIComponent(name)}/metrics`;
  const answer = await api.get(`${path}?after=${feed.next}`, { signal });
  if (answer.restarted) {
    // The run has begun anew, or was resumed before rows that are here.
    const whole = feed.next === 0 ? answer : await api.get(`${path}?after=0`, { signal });
    return { rows: whole.rows, next: whole.next };
  }
  return answer.rows.length ? { rows: [...feed.rows, ...answer.rows], next: answer.next } : feed;
}

/**
 * Do something now and again `pause` milliseconds after it is done, but not while the tab is hidden.
 *
 * @param {(signal: AbortSignal) => Promise<void>} act shows its errors itself
 * @param {number} pause
 * @returns {{now: () => void, stop: () => void}} `now` does it at once
 */
export function repeatedly(act, pause) {
  let controller = null;
  let timer;

  async function turn() {
    clearTimeout(timer);
    controller?.abort();
    const mine = new AbortController();
    controller = mine;
    await act(mine.signal);
    if (!mine.signal.aborted && !document.hidden) timer = setTimeout(turn, pause);
  }

  const look = () => (document.hidden ? clearTimeout(timer) : turn());
  document.addEventListener("visibilitychange", look);
  turn();
  return {
    now: turn,
    stop: () => {
      document.removeEventListener("visibilitychange", look);
      clearTimeout(timer);
      controller?.abort();
    },
  };
}
