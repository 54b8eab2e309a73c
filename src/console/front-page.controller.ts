import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Public } from '../auth/auth.decorators.js';
import { originOf } from '../http/origin.js';
import { PAGE_HEADERS } from '../http/page-headers.js';

const NAME = 'Completions gateway';

const LINKS = {
  completions: '/v1/completions',
  models: '/v1/models',
  docs: '/docs',
  openapi: '/openapi.json',
  administration: '/docs/admin',
  console: '/console',
  readiness: '/readyz',
} as const;

/** The page at `/`: what this is, and links to the rest; JSON for programs. */
@ApiExcludeController()
@Controller()
export class FrontPageController {
  @Public()
  @Get()
  page(@Req() request: Request, @Res() response: Response): void {
    response.set({ ...PAGE_HEADERS, Vary: 'Accept' });
    if (request.accepts(['json', 'html']) === 'html') response.type('html').send(htmlFor(originOf(request)));
    else response.json({ name: NAME, ...LINKS });
  }
}

function htmlFor(origin: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${NAME}</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/console/console.css" />
  </head>
  <body>
    <main>
      <h1>${NAME}</h1>
      <p>Serves <code>POST ${LINKS.completions}</code>, OpenAI’s text completions, in front of self-hosted engines.</p>
      <ul>
        <li><a href="${LINKS.docs}">Try it in Swagger UI</a>, or read the <a href="${LINKS.openapi}">OpenAPI document</a></li>
        <li><a href="${LINKS.console}">Console</a>: projects and API keys; the <a href="${LINKS.administration}">administration API</a></li>
        <li><a href="${LINKS.readiness}">Readiness</a></li>
      </ul>
      <h2>From a terminal</h2>
      <pre class="scrolls">curl ${origin}${LINKS.models} -H "Authorization: Bearer $API_KEY"

curl ${origin}${LINKS.completions} -H "Authorization: Bearer $API_KEY" -H "Content-Type: application/json" \\
  -d '{"model": "NAME_OF_A_MODEL", "prompt": "Once upon a time", "max_tokens": 32}'</pre>
      <p class="hint">The base URL for OpenAI clients is <code>${origin}/v1</code>.</p>
    </main>
  </body>
</html>
`;
}
