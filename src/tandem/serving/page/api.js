/** What the page asks of the server. */

const TOKEN = "tandem.token";

/** A refusal of the server, or a server that cannot be reached (`status` 0). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message a sentence
   */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * Return the interface to the server. A request that is refused for want of a token asks for one and is sent again.
 *
 * @param {object} options
 * @param {URL|string} options.base what the paths are relative to
 * @param {(wasRefused: boolean) => Promise<string|null>} options.askToken null: nobody gave one
 * @param {Storage} [options.storage] where the token is kept, for this tab alone
 * @param {typeof fetch} [options.send]
 */
export function createApi({ base, askToken, storage = sessionStorage, send = (...values) => fetch(...values) }) {
  let asking = null; // several requests that are refused at once ask once

  async function request(method, path, body, { signal } = {}) {
    for (;;) {
      const token = storage.getItem(TOKEN);
      const answer = await sent(method, path, body, token, signal);
      if (answer.status !== 401) return read(answer);
      if (token !== storage.getItem(TOKEN)) continue; // another request got a new one meanwhile
      asking ??= askToken(token !== null).finally(() => (asking = null));
      const given = await asking;
      if (given === null) return read(answer);
      storage.setItem(TOKEN, given);
      if (signal?.aborted) throw new DOMException("", "AbortError");
    }
  }

  async function sent(method, path, body, token, signal) {
    const headers = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (token) headers.Authorization = `Bearer ${token}`;
    try {
      return await send(new URL(path, base), {
        method,
        headers,
        signal,
        body: body && JSON.stringify(body),
        cache: "no-store",
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError(0, "unreachable", "");
    }
  }

  return {
    /** Return the answer to a GET of a path, such as "v1/models". */
    get: (path, options) => request("GET", path, undefined, options),
    /** Return the answer to a POST of an object to a path, such as "v1/translate". */
    post: (path, body, options) => request("POST", path, body, options),
    /** Whether this tab has a token. */
    hasToken: () => storage.getItem(TOKEN) !== null,
    /** Forget the token. */
    forgetToken: () => storage.removeItem(TOKEN),
  };
}

async function read(answer) {
  let content;
  try {
    content = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(answer.status, "not_json", "");
  }
  if (answer.ok) return content;
  throw new ApiError(answer.status, content?.error?.code ?? "unknown", content?.error?.message ?? "");
}

/**
 * Return what runs one request at a time: a new one aborts the one before.
 *
 * `run(ask, use, fail)` awaits `ask(signal)` and hands its result to `use`, or its error to `fail`, unless it was
 * aborted.
 */
export function latest() {
  let controller = null;
  return {
    async run(ask, use, fail) {
      controller?.abort();
      const mine = new AbortController();
      controller = mine;
      let result;
      try {
        result = await ask(mine.signal);
      } catch (error) {
        if (!mine.signal.aborted) fail(error);
        return;
      }
      if (!mine.signal.aborted) use(result);
    },
    stop: () => controller?.abort(),
  };
}
