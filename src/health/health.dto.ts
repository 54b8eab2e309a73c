import { ApiSchema } from '@nestjs/swagger';

@ApiSchema({ name: 'Health' })
export class HealthDto {
  /**
   * `ok`, or `unavailable` with status 503.
   * @example 'ok'
   */
  status: 'ok' | 'unavailable';
}
