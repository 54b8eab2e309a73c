import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { INT64 } from '../contract/int64.js';

/** A model that can be asked for completions. */
@ApiSchema({ name: 'Model' })
export class ModelDto {
  /**
   * The name to request it by.
   * @example 'storyteller'
   */
  id: string;

  /**
   * Always `model`.
   * @example 'model'
   */
  object: 'model';

  /**
   * When the gateway started, in seconds since the epoch.
   * @example 1763800000
   */
  @ApiProperty(INT64)
  created: number;

  /**
   * Always `completions-gateway`: upstreams are not disclosed.
   * @example 'completions-gateway'
   */
  owned_by: string;
}

/** The models that the API key may use. */
@ApiSchema({ name: 'ModelList' })
export class ModelListDto {
  /**
   * Always `list`.
   * @example 'list'
   */
  object: 'list';

  /** The models, in the order of the configuration. */
  data: ModelDto[];
}
