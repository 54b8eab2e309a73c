import { ApiProperty, ApiSchema } from '@nestjs/swagger';

/** The state of one upstream, shown to callers with an admin key. */
@ApiSchema({ name: 'UpstreamHealth' })
export class UpstreamHealthDto {
  /**
   * Its name in the configuration.
   * @example 'gpu-a'
   */
  name: string;

  /**
   * Whether it may get requests now: it is healthy and not full. It gets none for a model of `rate_limited_models`.
   * @example true
   */
  available: boolean;

  /**
   * `ejected`: failed several times in a row, and gets no requests for a while; `half_open`: one request tries it; `down`: the
   * active check failed; `drained`: an operator has taken it out of service; `rate_limited`: healthy, and closed for some models.
   */
  condition: 'healthy' | 'ejected' | 'half_open' | 'down' | 'drained' | 'rate_limited';

  /** The models, by the upstream's names, that its `Retry-After` still closes. */
  rate_limited_models: string[];

  /**
   * Whether all of its slots are taken, or it is drained.
   * @example false
   */
  full: boolean;

  /**
   * Requests under way.
   * @example 3
   */
  @ApiProperty({ type: 'integer' })
  in_flight: number;
}

@ApiSchema({ name: 'Health' })
export class HealthDto {
  /**
   * `ok`, or `unavailable` when it should get no requests.
   * @example 'ok'
   */
  status: 'ok' | 'unavailable';

  /** Only with an admin key. */
  upstreams?: UpstreamHealthDto[];
}
