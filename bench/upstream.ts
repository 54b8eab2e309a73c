import { join } from 'node:path';
import { freePort } from '../test/support/free-port.ts';
import { writeNginx } from './contenders.ts';
import { compile, find, firstLineOf, HARNESS_CORES, start } from './programs.ts';

/** Two processes of the fake upstream; without a C compiler, of an nginx that answers the same JSON. */
export async function startUpstreams(root: string, directory: string): Promise<readonly [number, number]> {
  const program = compile(join(root, 'bench', 'upstream.c'), join(directory, 'upstream'));
  const startOne = (name: string): Promise<number> =>
    program === undefined ? startNginx(directory, name) : startProgram(program);
  return [await startOne('upstream-1'), await startOne('upstream-2')];
}

async function startProgram(program: string): Promise<number> {
  return Number(await firstLineOf(start({ line: [program], cores: HARNESS_CORES })));
}

async function startNginx(directory: string, name: string): Promise<number> {
  const nginx = find('nginx');
  if (nginx === undefined) throw new Error('The bench needs a C compiler (apt-get install gcc), or nginx and wrk.');
  const port = await freePort();
  const completion = {
    id: 'cmpl-0f9ea9d51eab472ab8ae0610f24b245c',
    object: 'text_completion',
    created: 1795354403,
    model: 'bench-json',
    choices: [{ index: 0, text: ', there was a quiet little boy named Leo.', logprobs: null, finish_reason: 'length' }],
    usage: { prompt_tokens: 64, completion_tokens: 32, total_tokens: 96 },
  };
  const answer = `default_type application/json; return 200 '${JSON.stringify(completion)}';`;
  const file = writeNginx(join(directory, name), `server { listen 127.0.0.1:${port}; location / { ${answer} } }`);
  start({ line: [nginx, '-c', file], cores: HARNESS_CORES, logFile: join(directory, 'upstream.log') });
  return port;
}
