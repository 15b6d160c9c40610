/** The views, in the order of the navigation. */

import { view as beam } from "./views/beam.js";
import { view as compare } from "./views/compare.js";
import { view as inside } from "./views/inside.js";
import { view as training } from "./views/training.js";
import { view as translate } from "./views/translate.js";
import { view as words } from "./views/words.js";

/**
 * @typedef {object} Context
 * @property {URLSearchParams} parameters the view's state in the address, always the present one
 * @property {(changes: Record<string, string|number|boolean|null|undefined>) => void} setParameters
 *   changes these parameters (null or "" takes one away, others stay) and the address, without a new mount
 * @property {{name: string, beam: number, alignment: boolean}[]} models as /v1/models has them
 * @property {{runs: boolean, models: boolean, version: string, needs_token: boolean}} page as /v1/page has it
 * @property {ReturnType<typeof import("./api.js").createApi>} api
 * @property {typeof import("./texts.js").t} t
 *
 * @typedef {object} View
 * @property {string} id its name in the address
 * @property {string} title the key of its name
 * @property {"models"|"runs"} needs
 * @property {(container: HTMLElement, context: Context) => (() => void)} mount returns what ends it
 */

/** @type {View[]} */
export const VIEWS = [translate, beam, words, inside, training, compare];
