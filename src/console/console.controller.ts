import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { Public } from '../auth/auth.decorators.js';
import { ApiError } from '../errors/api-error.js';
import { PAGE_HEADERS } from '../http/page-headers.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** Files served from packages. */
const PACKAGED: Readonly<Record<string, string>> = {
  'uplot.js': 'uplot/dist/uPlot.esm.js',
  'uplot.css': 'uplot/dist/uPlot.min.css',
};

// The same relative path holds from the bundle.
const FOLDER = new URL('../console/assets/', import.meta.url);

/** A page on top of the administration API. It has no data of its own. */
@ApiExcludeController()
@Controller('console')
export class ConsoleController {
  /** By name; read on first use, then kept. */
  private readonly files = new Map<string, Buffer | undefined>(
    [...readdirSync(FOLDER), ...Object.keys(PACKAGED)].map((name) => [name, undefined]),
  );

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
    if (!this.files.has(name)) throw new ApiError(404, 'not_found', 'The console has no such file.');
    response.set({ ...PAGE_HEADERS, 'Content-Type': TYPES[extname(name)], 'Cache-Control': 'no-cache' });
    response.end(this.read(name));
  }

  private read(name: string): Buffer {
    const content = this.files.get(name) ?? readFileSync(pathOf(name));
    this.files.set(name, content);
    return content;
  }
}

function pathOf(name: string): URL | string {
  const packaged = PACKAGED[name];
  return packaged === undefined ? new URL(name, FOLDER) : createRequire(import.meta.url).resolve(packaged);
}
