/** A model that can be asked for completions. */
export class ModelDto {
  /**
   * The name to request it by.
   * @example 'storyteller'
   */
  id: string;

  /** @example 'model' */
  object: 'model';

  /**
   * When the gateway learned of it, in seconds since the epoch.
   * @example 1763800000
   */
  created: number;

  /** @example 'completions-gateway' */
  owned_by: string;
}

/** The models that the API key may use. */
export class ModelListDto {
  /** @example 'list' */
  object: 'list';

  data: ModelDto[];
}
