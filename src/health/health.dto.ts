import { ApiProperty, ApiSchema } from '@nestjs/swagger';

/** What is known of one upstream. Callers without an admin key do not get to see it. */
@ApiSchema({ name: 'UpstreamHealth' })
export class UpstreamHealthDto {
  /**
   * How the configuration calls it.
   * @example 'gpu-a'
   */
  name: string;

  /**
   * Whether it may receive requests now: healthy and not full. For a model of `rate_limited_models` it may not.
   * @example true
   */
  available: boolean;

  /**
   * `ejected`: failed several times in a row and is left alone for a while; `half_open`: one request tries it; `down`: the
   * active check failed; `drained`: an
   * operator has taken it out of service; `rate_limited`: healthy, and closed for some models.
   */
  condition: 'healthy' | 'ejected' | 'half_open' | 'down' | 'drained' | 'rate_limited';

  /** The models, by the upstream's names, for which its `Retry-After` is not over. */
  rate_limited_models: string[];

  /**
   * Whether it has as many requests as it may have.
   * @example false
   */
  full: boolean;

  /**
   * Requests that are under way.
   * @example 3
   */
  @ApiProperty({ type: 'integer' })
  in_flight: number;
}

@ApiSchema({ name: 'Health' })
export class HealthDto {
  /**
   * `ok` for yes, `unavailable` for no.
   * @example 'ok'
   */
  status: 'ok' | 'unavailable';

  /** Only with an admin key. */
  upstreams?: UpstreamHealthDto[];
}
