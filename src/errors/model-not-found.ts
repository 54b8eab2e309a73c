import { ApiError } from './api-error.js';

/** An unknown model and one that the key may not use look the same: nobody can find out what others use. */
export const MODEL_NOT_FOUND = {
  status: 404,
  code: 'model_not_found',
  message: 'The model does not exist, or your API key may not use it. `GET /v1/models` lists those that it may.',
  param: 'model',
};

export function modelNotFound(): ApiError {
  const { status, code, message, param } = MODEL_NOT_FOUND;
  return new ApiError(status, code, message, { param });
}
