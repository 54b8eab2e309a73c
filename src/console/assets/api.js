/** The administration API, with the admin key of this tab. */

const KEY = 'admin-key';

/** What the gateway says when it refuses something. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const adminKey = () => sessionStorage.getItem(KEY);

export function setAdminKey(key) {
  if (key === undefined) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, key);
}

/** @throws {ApiError} with the gateway's own words */
export async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(`/v1/organization${path}`, {
      method,
      headers: { Authorization: `Bearer ${adminKey()}`, ...(body && { 'Content-Type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  } catch {
    throw new ApiError(0, 'The gateway cannot be reached.');
  }
  const json = await answer.json();
  if (!answer.ok) throw new ApiError(answer.status, json.error.message);
  return json;
}
