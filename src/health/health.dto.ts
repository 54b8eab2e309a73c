import { ApiSchema } from '@nestjs/swagger';

/** What is known of one upstream. Callers without an admin key do not get to see it. */
@ApiSchema({ name: 'UpstreamHealth' })
export class UpstreamHealthDto {
  /**
   * How the configuration calls it.
   * @example 'gpu-a'
   */
  name: string;

  /**
   * Whether it may receive requests now: healthy and not full.
   * @example true
   */
  available: boolean;

  /**
   * `ejected`: failed several times in a row and is left alone for a while; `on_trial`: one request tries it; `down`: the
   * active check failed; `resting`: it has asked to be left alone.
   */
  condition: 'healthy' | 'ejected' | 'on_trial' | 'down' | 'resting';

  /**
   * Whether it has as many requests as it may have.
   * @example false
   */
  full: boolean;

  /**
   * Requests that are under way.
   * @example 3
   */
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
