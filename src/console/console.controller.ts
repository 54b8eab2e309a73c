import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { readFileSync } from 'node:fs';
import { Public } from '../auth/auth.decorators.js';
import { ApiError } from '../errors/api-error.js';
import { PAGE_HEADERS } from '../http/page-headers.js';

const TYPES: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'console.css': 'text/css; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'api.js': 'text/javascript; charset=utf-8',
};

/** A page on the administration API, for those who would rather look than read. It has no data of its own. */
@ApiExcludeController()
@Controller('console')
export class ConsoleController {
  private readonly files = new Map<string, Buffer>();

  @Public()
  @Get()
  page(@Res() response: Response): void {
    this.send('index.html', response);
  }

  @Public()
  @Get(':file')
  file(@Param('file') file: string, @Res() response: Response): void {
    this.send(file, response);
  }

  private send(name: string, response: Response): void {
    const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
    if (type === undefined) throw new ApiError(404, 'not_found', 'The console has no such file.');
    response.set({ ...PAGE_HEADERS, 'Content-Type': type, 'Cache-Control': 'no-cache' });
    response.end(this.read(name));
  }

  /** Read when it is wanted first, and kept. */
  private read(name: string): Buffer {
    const known = this.files.get(name);
    if (known) return known;
    // From the bundle as from here.
    const content = readFileSync(new URL(`../console/assets/${name}`, import.meta.url));
    this.files.set(name, content);
    return content;
  }
}
