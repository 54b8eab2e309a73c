import type { Request, Response } from 'express';
import { ApiError } from '../errors/api-error.js';
import { PAGE_HEADERS } from '../http/page-headers.js';

/** Swagger UI and the OpenAPI document, in a request's path or (RFC 9112, section 3.2.2) whole URL, in any case as Express. */
const DOCUMENTS = /^(?:https?:\/\/[^/]*)?\/(?:docs(\/[^?]*)?|openapi(?:-admin)?\.(?:json|yaml)\/?)(?:\?|$)/i;

/** The files of Swagger UI's page. The package has more: source maps, other builds, examples. */
const FILES =
  /^\/?(?:docs\/)?(?:admin\/?)?(?:index\.html|swagger-ui-init\.js|swagger-ui\.css|swagger-ui-(?:bundle|standalone-preset)\.js|favicon-(?:16x16|32x32)\.png)?$/i;

/**
 * Sets the security headers of the documents. For any other request it only matches the path.
 *
 * @returns 404 for a file of Swagger UI that its page does not need.
 */
export function guardDocuments({ url, path }: Request, response: Response): ApiError | undefined {
  const document = DOCUMENTS.exec(url);
  if (!document) return undefined;
  response.set(PAGE_HEADERS);
  const [, file = ''] = document;
  return file === '' || FILES.test(file) ? undefined : new ApiError(404, 'not_found', `There is nothing at ${path}.`);
}
