import { ApiError, type ErrorType, type Issue } from './api-error.js';

/** The part that OpenAI's clients read. */
export interface ErrorObject {
  message: string;
  type: ErrorType;
  param: string | null;
  code: string;
}

/** One shape for every status: DeepFellow's `detail` and OpenAI's `error`. */
export interface ErrorBody {
  detail: string | Issue[];
  error: ErrorObject;
}

export function toErrorObject(error: ApiError): ErrorObject {
  return { message: error.message, type: error.type, param: error.param, code: error.code };
}

export function toErrorBody(error: ApiError): ErrorBody {
  return { detail: error.detail, error: toErrorObject(error) };
}

/** Anything thrown, as an error that clients may see: what is no `ApiError` is our bug, and tells them nothing. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  return new ApiError(500, 'internal_error', 'The gateway failed to handle this request. The error has been logged.', {
    cause: thrown,
  });
}
