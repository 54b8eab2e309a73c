import OpenAI, { APIError } from 'openai';
import { API_KEY } from '../support/gateway.js';

/** OpenAI's package, which tries nothing again unless it is told to. */
export function clientOf(baseURL: string, options: { apiKey?: string; maxRetries?: number } = {}): OpenAI {
  return new OpenAI({ baseURL, apiKey: API_KEY, maxRetries: 0, ...options });
}

/** The error of the package that `promise` rejects with. */
export async function rejected(promise: Promise<unknown>): Promise<APIError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof APIError) return error;
    throw error;
  }
  throw new Error('an error was expected');
}
