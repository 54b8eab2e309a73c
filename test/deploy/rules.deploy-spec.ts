import { it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { describeWithPrograms, run } from '../support/programs.js';

const FOLDER = fileURLToPath(new URL('../../deploy/prometheus/', import.meta.url));

describeWithPrograms(['promtool'], 'the alert rules', () => {
  it('are taken by Prometheus', () => {
    run('promtool', ['check', 'rules', `${FOLDER}alerts.yaml`]);
  });

  it('fire when they should, and not otherwise', () => {
    run('promtool', ['test', 'rules', `${FOLDER}alerts.test.yaml`]);
  });
});
