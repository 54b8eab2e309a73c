import { Injectable } from '@nestjs/common';
import type { LimitOptions, ScopeLimits } from '../config/config.js';
import { ValidationError } from '../errors/validation-error.js';
import { ModelsService } from '../models/models.service.js';
import type { Actor } from './actor.js';
import { notFound } from './administration.js';
import { MAX_PATTERNS, type RateLimitDto, type UpdateRateLimitDto } from './dto/limits.dto.js';
import type { ListQuery } from './list-query.js';
import { type Page, pageOf } from './page.js';
import { ProjectsService } from './projects.service.js';

/** The row for all models together. */
const ALL = '*';

const PREFIX = 'rl-';

/** The options that a row shows, and what OpenAI calls them. */
const RATES = [
  ['requestsPerMinute', 'max_requests_per_1_minute'],
  ['tokensPerMinute', 'max_tokens_per_1_minute'],
  ['requestsPerDay', 'max_requests_per_1_day'],
] as const satisfies [keyof LimitOptions, keyof UpdateRateLimitDto][];

/** OpenAI's view of a project's limits: a row for each model, each pattern that has a limit, and all together. */
@Injectable()
export class RateLimitsService {
  constructor(
    private readonly projects: ProjectsService,
    private readonly models: ModelsService,
  ) {}

  async list(actor: Actor, project: string, query: ListQuery): Promise<Page<RateLimitDto>> {
    const limits = await this.projects.limits(actor, project);
    const names = await this.namesWith(limits);
    const rows = names.map((model) => toRow(model, limits));
    return pageOf(query, rows, () => Promise.resolve([]));
  }

  async update(actor: Actor, project: string, id: string, asked: UpdateRateLimitDto): Promise<RateLimitDto> {
    const model = await this.modelOf(actor, project, id);
    const limits = await this.projects.changeLimits(
      actor,
      project,
      (before) => withOptions(before, model, { ...optionsOf(before, model), ...optionsIn(asked) }),
      { type: 'rate_limit.updated', event: { id, changes_requested: asked } },
    );
    return toRow(model, limits);
  }

  /** Takes the row's limits away. */
  async clear(actor: Actor, project: string, id: string): Promise<void> {
    const model = await this.modelOf(actor, project, id);
    await this.projects.changeLimits(
      actor,
      project,
      (before) => withOptions(before, model, withoutRates(optionsOf(before, model))),
      { type: 'rate_limit.deleted', event: { id } },
    );
  }

  /**
   * The model, or the pattern, of a row.
   *
   * @throws {ApiError} 404 for a model that no upstream serves: a limit for a misspelled name would have no effect.
   */
  private async modelOf(actor: Actor, project: string, id: string): Promise<string> {
    const model = id.slice(PREFIX.length);
    if (!id.startsWith(PREFIX) || model === '') throw notFound('rate limit');
    if (model.includes('*')) return model;
    const names = await this.namesWith(await this.projects.limits(actor, project));
    if (!names.includes(model)) throw notFound('rate limit');
    return model;
  }

  private async namesWith({ models }: ScopeLimits): Promise<string[]> {
    const served = await this.models.list({ models: undefined });
    return [...new Set([ALL, ...served.map(({ id }) => id), ...Object.keys(models ?? {})])];
  }
}

function optionsOf(limits: ScopeLimits, model: string): LimitOptions {
  if (model !== ALL) return limits.models?.[model] ?? {};
  const all = { ...limits };
  delete all.models;
  return all;
}

/** Without what the rows show. */
function withoutRates(options: LimitOptions): LimitOptions {
  return Object.fromEntries(Object.entries(options).filter(([option]) => !RATES.some(([rate]) => rate === option)));
}

/** @throws {ValidationError} 422 when there are too many patterns. */
function withOptions(limits: ScopeLimits, model: string, options: LimitOptions): ScopeLimits {
  if (model === ALL) return { ...options, ...(limits.models && { models: limits.models }) };
  const models = { ...limits.models, [model]: options };
  if (Object.keys(models).length > MAX_PATTERNS) {
    const msg = `A project has limits for at most ${MAX_PATTERNS} models and patterns`;
    throw new ValidationError([{ loc: ['path', 'rate_limit'], msg, type: 'too_long' }]);
  }
  return { ...limits, models };
}

function optionsIn(asked: UpdateRateLimitDto): LimitOptions {
  return Object.fromEntries(
    RATES.flatMap(([option, field]) => (asked[field] === undefined ? [] : [[option, asked[field]]])),
  );
}

function toRow(model: string, limits: ScopeLimits): RateLimitDto {
  const options = optionsOf(limits, model);
  const rates = Object.fromEntries(RATES.map(([option, field]) => [field, options[option] ?? null]));
  return {
    object: 'project.rate_limit',
    id: PREFIX + model,
    model,
    ...(rates as Record<keyof UpdateRateLimitDto, number | null>),
  };
}
