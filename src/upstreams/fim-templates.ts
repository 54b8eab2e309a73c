import type { UpstreamConfig } from '../config/config.js';
import { Glob } from '../common/glob.js';

/** How a prompt with a suffix is written for the models of one upstream that fill in the middle. */
export class FimTemplates {
  private readonly templates: readonly { glob: Glob; template: string }[];

  constructor({ fimTemplates = {} }: Pick<UpstreamConfig, 'fimTemplates'>) {
    this.templates = Object.entries(fimTemplates).map(([name, template]) => ({ glob: new Glob(name), template }));
  }

  /** The template of the first name that fits. */
  of(requestedModel: string): string | undefined {
    return this.templates.find(({ glob }) => glob.matches(requestedModel))?.template;
  }
}
