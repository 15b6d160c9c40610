/** The page: the frame around the views, and the address that says which view is shown, and how. */

import { changeParameters, formatAddress, parseAddress, sharedParameters } from "./address.js";
import { ApiError, createApi } from "./api.js";
import { element } from "./dom.js";
import { problem } from "./parts/problem.js";
import { applyTheme, settings } from "./parts/settings.js";
import { askToken } from "./parts/token_dialog.js";
import { chooseLanguage, language, t } from "./texts.js";
import { VIEWS } from "./views.js";

const AGAIN = 5000; // milliseconds until the server is asked anew where it has no model yet

const part = (id) => document.getElementById(id);
const api = createApi({ base: document.baseURI, askToken });
const server = { page: null, models: [] };
let mounted = { id: null, parameters: new URLSearchParams(), unmount: () => {} };

chooseLanguage(navigator.languages);
applyTheme();
window.addEventListener("hashchange", () => show({ isNavigation: true }));
window.addEventListener("error", ({ message }) => part("main").prepend(problem(new Error(message))));
window.addEventListener("unhandledrejection", ({ reason }) => part("main").prepend(problem(reason)));
part("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address is the view's
  part("main").focus();
});
start();

async function start() {
  frame();
  part("main").replaceChildren(element("p", { class: "lead", role: "status" }, t("shell.loading")));
  try {
    await askServer();
  } catch (error) {
    part("main").replaceChildren(problem(error, start));
    return;
  }
  show({ isNavigation: false });
  lookForModels();
}

async function askServer() {
  server.page = await pageOfServer();
  server.models = server.page.models ? (await api.get("v1/models")).models : [];
}

/** A server that does not say what to show has models and no runs. */
async function pageOfServer() {
  try {
    return await api.get("v1/page");
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    return { runs: false, models: true, version: "", needs_token: false };
  }
}

/** A training that has no checkpoint yet gets one: ask for that, and show the further views. */
function lookForModels() {
  if (server.models.length && !server.page.runs) return;
  setTimeout(async () => {
    try {
      if (!document.hidden) await askServer();
      if (server.models.length) navigation();
      if (server.models.length && mounted.id === null) show({ isNavigation: false });
    } catch {
      // It is asked again.
    }
    lookForModels();
  }, AGAIN);
}

const isShown = ({ needs }) => (needs === "runs" ? server.page.runs : server.models.length > 0);

/** Mount the view that the address names; without a name, the first. */
function show({ isNavigation }) {
  if (server.page === null) return;
  mounted.unmount();
  const { id, parameters } = parseAddress(location.hash);
  const shown = VIEWS.filter(isShown);
  const view = id ? shown.find((each) => each.id === id) : shown[0];
  mounted = { id: view?.id ?? null, parameters, unmount: () => {} };
  navigation();
  const main = part("main");
  main.replaceChildren();
  main.dataset.view = view?.id ?? "";
  document.title = view ? `${t(view.title)} – Tandem` : "Tandem";
  if (!view) {
    main.append(element("p", { class: "lead", role: "status" }, missing(id, shown)));
    return;
  }
  const mine = mounted;
  const setParameters = (changes) => {
    if (mounted !== mine) return; // an answer that came after its view was left
    changeParameters(parameters, changes);
    history.replaceState(null, "", formatAddress(view.id, parameters));
    navigation();
  };
  mine.unmount = view.mount(main, { parameters, setParameters, models: server.models, page: server.page, api, t });
  if (isNavigation) main.focus({ preventScroll: true });
}

/** Why there is no view of this name. */
function missing(id, shown) {
  const view = VIEWS.find((each) => each.id === id);
  if (!shown.length) return t("shell.nothing");
  if (!view) return t("shell.no_view", { name: id });
  return t(view.needs === "runs" ? "shell.no_run" : "shell.no_model");
}

/** What does not depend on the view. */
function frame() {
  document.documentElement.lang = language();
  part("skip").textContent = t("shell.skip");
  part("views").setAttribute("aria-label", t("shell.views"));
  part("settings").replaceChildren(...settings({ onLanguage: start }));
}

/** The links to the views; they take along what the views share. */
function navigation() {
  const shared = sharedParameters(mounted.parameters);
  const links = VIEWS.filter(isShown).map((view) =>
    element(
      "a",
      { href: formatAddress(view.id, shared), "aria-current": view.id === mounted.id && "page" },
      t(view.title),
    ),
  );
  // Only what has changed is touched: a link that has the focus keeps it.
  const nav = part("views");
  if (nav.children.length !== links.length || nav.lang !== language()) nav.replaceChildren(...links);
  else links.forEach((link, place) => link.isEqualNode(nav.children[place]) || renew(nav.children[place], link));
  nav.lang = language();
  part("about").textContent = server.page.version ? t("shell.version", { version: server.page.version }) : "Tandem";
}

function renew(old, { href, textContent, ariaCurrent }) {
  old.href = href;
  old.textContent = textContent;
  if (ariaCurrent) old.setAttribute("aria-current", ariaCurrent);
  else old.removeAttribute("aria-current");
}
