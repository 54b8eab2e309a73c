import { ApiError } from './api-error.js';

/** Unknown, or not for this key: the two look the same, so that nobody can find out what others use. */
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
