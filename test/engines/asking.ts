import { FakeEngine, type FakeEngineName, type FakeEngineOptions } from '../support/engines/fake-engine.js';
import type { Completion } from '../support/engine-process.js';

/** What a fake engine said, whatever it was. */
export interface Said {
  status: number;
  text: string;
  /** The body, where it is JSON. */
  json: Completion;
  /** The data of each event. */
  events: string[];
  /** Those of them that are objects. */
  chunks: Completion[];
}

/** Starts a fake engine, asks it one thing, and stops it. */
export async function ask(
  name: FakeEngineName,
  body: object,
  { path, ...options }: FakeEngineOptions & { path?: string } = {},
): Promise<Said> {
  const fake = await FakeEngine.start(name, options);
  try {
    const response = await fake.post(body, path);
    const text = await response.text();
    const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => data);
    return {
      status: response.status,
      text,
      json: (text.startsWith('{') ? JSON.parse(text) : {}) as Completion,
      events,
      chunks: events.filter((data) => data.startsWith('{')).map((data) => JSON.parse(data) as Completion),
    };
  } finally {
    await fake.stop();
  }
}
