import { ApiError } from '../errors/api-error.js';

/** RFC 6750, section 3: a 401 says how to authenticate. */
export function unauthorized(code: string, message: string): ApiError {
  return new ApiError(401, code, message, { headers: { 'WWW-Authenticate': 'Bearer' } });
}

export function missingKey(): ApiError {
  return unauthorized('missing_api_key', 'Send your API key in the header `Authorization: Bearer <key>`.');
}

export function invalidKey(): ApiError {
  return unauthorized('invalid_api_key', 'The API key is not valid.');
}

export function notYourOrganization(): ApiError {
  return unauthorized('mismatched_organization', 'OpenAI-Organization does not match the organization of the API key.');
}

export function notYourProject(): ApiError {
  return unauthorized('mismatched_project', 'OpenAI-Project is not a project that the API key may act for.');
}

/** RFC 9110, section 15.5.4. */
function forbidden(code: string, message: string): ApiError {
  return new ApiError(403, code, message);
}

export function notAnAdmin(): ApiError {
  return forbidden('admin_required', 'This needs an API key with `admin: true`.');
}

export function notAnOrganizationAdmin(): ApiError {
  return forbidden('admin_required', 'This needs an admin key, or a key of the organization.');
}

export function onlyAdministers(): ApiError {
  return forbidden('admin_key', 'An admin key administers, and nothing else: use an API key of a project here.');
}
