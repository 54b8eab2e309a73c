import { expect, it } from '@jest/globals';
import { FakeEngine } from '../support/engines/fake-engine.js';
import { Gateway } from '../support/gateway.js';

/** Another `shift` than that of clients' requests would make Ollama load the model anew each time. */
it('a health check by a completion asks Ollama as clients’ requests do', async () => {
  const fake = await FakeEngine.start('ollama');
  const gateway = await Gateway.inFrontOf(fake, {
    upstream: { engine: 'ollama', healthCheck: 'completion', models: ['tiny'] },
  });
  try {
    const { path, body } = await fake.received(1);
    expect(path).toBe('/api/generate');
    expect(body).toMatchObject({ model: 'tiny', raw: true, stream: false, shift: false, options: { num_predict: 1 } });
    expect((await gateway.get('/readyz')).status).toBe(200);
  } finally {
    await gateway.stop();
    await fake.stop();
  }
});
