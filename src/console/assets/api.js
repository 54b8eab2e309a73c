/** The administration API, with the admin key of this tab. */

const KEY = 'admin-key';

/** An error that the gateway answered with; status 0 when it could not be reached. */
export class ApiError extends Error {
  constructor(status, message, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** How far the gateway's clock is ahead of the browser's. */
let aheadMs = 0;

/** Unix seconds, by the gateway's clock. */
export const gatewayTime = () => Math.floor((Date.now() + aheadMs) / 1000);

export const adminKey = () => sessionStorage.getItem(KEY);

export function setAdminKey(key) {
  if (key === undefined) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, key);
}

/** `path` is below `/v1/organization`. @throws {ApiError} */
export const call = (method, path, body) => request(method, `/v1/organization${path}`, body);

/** @throws {ApiError} with the gateway's message */
export async function request(method, url, body) {
  let answer;
  try {
    answer = await fetch(url, {
      method,
      headers: { Authorization: `Bearer ${adminKey()}`, ...(body && { 'Content-Type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  } catch {
    throw new ApiError(0, 'The gateway cannot be reached.');
  }
  aheadMs = Date.parse(answer.headers.get('date')) - Date.now();
  const json = await answer.json();
  if (!answer.ok) throw new ApiError(answer.status, json.error.message, json.error.code);
  return json;
}

/** The items of a list, from all its pages. */
export async function callForAll(path) {
  const items = [];
  for (let after = ''; ;) {
    const page = await call('GET', `${path}?limit=100&order=asc${after}`);
    items.push(...page.data);
    if (!page.has_more) return items;
    after = `&after=${encodeURIComponent(page.last_id)}`;
  }
}
