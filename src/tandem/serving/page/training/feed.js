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
  const ask = (after) => api.get(`v1/runs/${encodeURIComponent(name)}/metrics?after=${after}`, { signal });
  let { rows, next } = feed;
  let answer = await ask(next);
  if (answer.restarted) {
    // The run has begun anew, or was resumed from before rows that are here.
    [rows, next] = [[], 0];
    answer = await ask(0);
  }
  // The server sends so many rows at once, and no more.
  for (; answer.rows.length; answer = await ask(next)) [rows, next] = [[...rows, ...answer.rows], answer.next];
  return next === feed.next && rows === feed.rows ? feed : { rows, next };
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
