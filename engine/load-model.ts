import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import type * as NodeLlamaCpp from 'node-llama-cpp';
import type { Llama, LlamaModel, Token } from 'node-llama-cpp';
import { Evaluator } from './evaluator.js';
import { LogitSource } from './logit-source.js';
import type { NativeContext, NativeSampler } from './native-context.js';
import { Vocabulary } from './vocabulary.js';

/** The control tokens around the parts of a prompt with a suffix. */
export interface FillInMiddleTokens {
  readonly prefix: number;
  readonly suffix: number;
  readonly middle: number;
}

/** A loaded model. */
export interface Model {
  /** The file's name without `.gguf`: what clients ask for. */
  readonly name: string;
  /** Changes with the file or the library, which may change the text for a seed. */
  readonly fingerprint: string;
  /** The most tokens of the prompt and completion of one choice together. */
  readonly contextSize: number;
  /** How many tokens of a prompt are evaluated at once. */
  readonly promptChunkSize: number;
  readonly vocabulary: Vocabulary;
  readonly evaluator: Evaluator;
  /** The token that stands for the start of a text, when the model has one. */
  readonly startToken: number | undefined;
  /** Whether the model expects the start token before every text. */
  readonly prependsStartToken: boolean;
  readonly fillInMiddle: FillInMiddleTokens | undefined;
  /** Reads the spelling of a special token, such as `<|endoftext|>`, as that token, like OpenAI, vLLM and llama-server. */
  readonly tokenize: (text: string) => number[];
  readonly endTokens: ReadonlySet<number>;
  /** The other control tokens, such as those to fill in the middle. They have no text. */
  readonly specialTokens: ReadonlySet<number>;
}

/**
 * Models below this file size are evaluated one token at a time, prompts included, on one thread: batches and threads would
 * cost more than they gain. A resumed text (prompt and the text so far, sent again as a prompt) then continues exactly as the
 * original would have. Larger models evaluate prompts in chunks, and a resumed text may differ in a near tie.
 */
const SMALL_MODEL_BYTES = 64 * 2 ** 20;
const PROMPT_CHUNK_SIZE = 128;

export interface LoadOptions {
  path: string;
  /** Texts that can be evaluated at the same time. */
  sequences: number;
  /** In tokens; the model's own limit applies as well. */
  maxContextSize: number;
}

export async function loadModel({ path, sequences, maxContextSize }: LoadOptions): Promise<Model> {
  const sizeBytes = await fileSize(path);
  const isSmall = sizeBytes < SMALL_MODEL_BYTES;
  const threads = isSmall ? 1 : availableParallelism();
  const { getLlama, LlamaLogLevel, getModuleVersion } = await importLibrary();
  const llama = await getLlama({
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    gpu: isSmall ? false : 'auto',
    maxThreads: threads,
    logLevel: LlamaLogLevel.error,
    logger: (_level, message) => process.stderr.write(`llama.cpp: ${message.trimEnd()}\n`),
  });
  const model = await readModel(llama, path);
  const contextSize = Math.min(model.trainContextSize, maxContextSize);
  const promptChunkSize = isSmall ? 1 : PROMPT_CHUNK_SIZE;
  const context = await model.createContext({
    contextSize,
    sequences,
    threads,
    batchSize: promptChunkSize,
    // A sliding window would forget tokens that a rewind to the prompt's end needs.
    swaFullCache: true,
  });
  const native = nativeParts(llama, model, context);
  const vocabulary = readVocabulary(model);
  const name = basename(path).replace(/\.gguf$/i, '');
  return {
    name,
    fingerprint: `fp_${createHash('sha256')
      .update(`${name} ${sizeBytes} ${await getModuleVersion()}`)
      .digest('hex')
      .slice(0, 12)}`,
    contextSize,
    promptChunkSize,
    vocabulary,
    evaluator: new Evaluator(native.context, new LogitSource(native.context, vocabulary.size, native.createSampler)),
    startToken: model.tokens.bos ?? model.tokens.eos ?? undefined,
    prependsStartToken: model.tokens.bos !== null && model.tokens.shouldPrependBosToken,
    fillInMiddle: fillInMiddleTokens(model),
    tokenize: (text) => model.tokenize(text, true),
    ...steeringTokens(model, vocabulary),
  };
}

async function fileSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    throw new Error(`The model file ${path} cannot be read. Name a GGUF file with --model or EMBEDDED_MODEL.`, {
      cause: error,
    });
  }
}

async function readModel(llama: Llama, path: string): Promise<LlamaModel> {
  try {
    return await llama.loadModel({ modelPath: path });
  } catch (error) {
    throw new Error(`llama.cpp cannot load the model file ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** `node-llama-cpp` is an optional dependency: a gateway in front of other servers does not need it. */
async function importLibrary(): Promise<typeof NodeLlamaCpp> {
  try {
    return await import('node-llama-cpp');
  } catch (error) {
    throw new Error(
      'The embedded engine needs the optional package node-llama-cpp, which is not installed. ' +
        'Install it with `npm ci --include=optional`, or set UPSTREAM_BASE_URL to use a server of your own.',
      { cause: error },
    );
  }
}

/** Reaches into `node-llama-cpp`: see `NativeContext` for why. */
function nativeParts(
  llama: object,
  model: object,
  context: object,
): { context: NativeContext; createSampler: () => NativeSampler } {
  const { _ctx: nativeContext } = context as { _ctx?: NativeContext };
  const { _bindings: bindings } = llama as { _bindings?: { AddonSampler: new (model: unknown) => NativeSampler } };
  const { _model: nativeModel } = model as { _model?: object };
  if (!nativeContext || !nativeModel || !bindings) {
    throw new Error('This version of node-llama-cpp does not fit the engine: run `npm ci`.');
  }
  return { context: nativeContext, createSampler: () => new bindings.AddonSampler(nativeModel) };
}

function readVocabulary(model: LlamaModel): Vocabulary {
  const { model: tokenizerModel, tokens: spellings } = model.fileInfo.metadata.tokenizer.ggml;
  return new Vocabulary({
    tokenizerModel,
    spellings,
    kindOf: (token) => {
      const { control, unknown, userDefined } = model.getTokenAttributes(token as Token);
      return { isControl: control || unknown, isVerbatim: userDefined };
    },
  });
}

function steeringTokens(model: LlamaModel, vocabulary: Vocabulary): Pick<Model, 'endTokens' | 'specialTokens'> {
  const endTokens = new Set<number>();
  const specialTokens = new Set<number>();
  for (let token = 0; token < vocabulary.size; token++) {
    if (model.isEogToken(token as Token)) endTokens.add(token);
    else if (vocabulary.isControl(token)) specialTokens.add(token);
  }
  return { endTokens, specialTokens };
}

function fillInMiddleTokens(model: LlamaModel): FillInMiddleTokens | undefined {
  const { prefix, suffix, middle } = model.tokens.infill;
  return prefix === null || suffix === null || middle === null ? undefined : { prefix, suffix, middle };
}
