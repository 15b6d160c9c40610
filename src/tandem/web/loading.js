/** Fetching a model and what runs it, with progress, and making a translator of them. */

import { Codec } from "./codec.js";
import { Copying } from "./copying.js";
import { FeaturesTokenizer } from "./features.js";
import { OnnxEngine } from "./onnx_engine.js";
import { Tokenizer } from "./tokenizer.js";
import { Translator } from "./translator.js";

/** An error whose message is a sentence for who reads the page. */
export class PageError extends Error {}

/**
 * @typedef {object} Description  What `runs/web_page.py` writes of a page.
 * @property {number} size  bytes of all files of the page
 * @property {number} compressed  the same, compressed
 * @property {Record<string, number>} files  the bytes of each file that is loaded here
 * @property {{kind: string, lowercase: boolean}} source
 * @property {{kind: string, lowercase: boolean}} target
 * @property {{kind: string, lowercase: boolean} | null} features
 * @property {boolean} reverse_source
 * @property {boolean} attends
 * @property {boolean} copies
 * @property {import("./translator.js").SearchSettings} search
 * @property {{module: string, wasm: string, version: string}} onnxruntime
 */

/**
 * @param {URL} base  the folder of the page
 * @returns {Promise<Description>}
 */
export async function loadDescription(base) {
  const bytes = await fetched(new URL("page.json", base));
  return JSON.parse(new TextDecoder().decode(bytes));
}

/**
 * @param {URL} base
 * @param {Description} description
 * @param {(done: number, total: number) => void} onProgress  gets bytes
 */
export async function loadTranslator(base, description, onProgress = () => {}) {
  const files = await loadFiles(base, description.files, onProgress);
  const json = (name) => JSON.parse(new TextDecoder().decode(files.get(`model/${name}.tokenizer.json`)));
  const [own, target] = ["source", "target"].map((side) => new Tokenizer(json(side), description[side]));
  const source = description.features
    ? new FeaturesTokenizer(own, new Tokenizer(json("features"), description.features))
    : own;
  const copying = description.copies ? new Copying(source, target) : null;
  const shape = {
    vocabulary: target.size,
    sourceVocabulary: own.size,
    features: description.features !== null,
    attends: description.attends,
    copies: description.copies,
  };
  const { ort, sessions } = await startRuntime(base, description.onnxruntime, files);
  const engine = new OnnxEngine(ort, sessions, shape, copying);
  return new Translator(engine, new Codec(source, target, description.reverse_source, copying), description.search);
}

/** @returns {Promise<Map<string, Uint8Array>>} */
async function loadFiles(base, sizes, onProgress) {
  const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  const files = new Map();
  let done = 0;
  for (const [name, size] of Object.entries(sizes)) {
    const bytes = await fetched(new URL(name, base), (count) => onProgress((done += count), total));
    if (bytes.length !== size) {
      throw new PageError(
        `${name} has ${bytes.length} bytes, and ${size} are expected: the files of this page are not of one export. ` +
          "Copy the whole folder again.",
      );
    }
    files.set(name, bytes);
  }
  return files;
}

/** @returns {Promise<Uint8Array>} */
async function fetched(url, onBytes = () => {}) {
  const name = url.pathname.split("/").at(-1);
  let response;
  try {
    response = await fetch(url);
  } catch {
    throw new PageError(`${name} could not be fetched. Check the connection, and load the page again.`);
  }
  if (!response.ok) {
    throw new PageError(`The server has no ${name} (it answers ${response.status}). Copy the whole folder to it.`);
  }
  const chunks = [];
  try {
    for (const reader = response.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      onBytes(value.length);
    }
  } catch {
    throw new PageError(`The connection broke off while ${name} was fetched. Load the page again.`);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

async function startRuntime(base, { module, wasm }, files) {
  let ort;
  try {
    ort = await import(new URL(module, base).href);
  } catch {
    throw new PageError(`${module} could not be loaded. Copy the whole folder to the server.`);
  }
  ort.env.wasm.wasmBinary = files.get(wasm);
  ort.env.wasm.numThreads = 1; // more would need headers that isolate the page, which not every server sends
  ort.env.logLevel = "error";
  try {
    const start = (name) =>
      ort.InferenceSession.create(files.get(`model/${name}.onnx`), { executionProviders: ["wasm"] });
    return { ort, sessions: { encoder: await start("encoder"), step: await start("step") } };
  } catch (error) {
    throw new PageError(`This browser cannot run the model (${error.message}). Take a newer one, with WebAssembly SIMD.`);
  }
}
