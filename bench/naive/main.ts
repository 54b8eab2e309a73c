import 'reflect-metadata';
import {
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  HttpCode,
  Injectable,
  Module,
  Post,
  Res,
  UnauthorizedException,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import axios from 'axios';
import {
  IsArray,
  IsBoolean,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Max,
  Min,
} from 'class-validator';
import type { Request, Response } from 'express';
import type { Readable } from 'node:stream';

/**
 * The gateway that a team writes in an afternoon: Nest as in its documentation, a DTO with class-validator, axios with its
 * defaults. A contender of the bench, not an example.
 */
const { PORT = '0', UPSTREAM_BASE_URL = '', API_KEY = '' } = process.env;

class CreateCompletion {
  @IsString() @IsNotEmpty() model: string;
  @IsNotEmpty() prompt: unknown;
  @IsOptional() @IsInt() @Min(0) @Max(20) best_of?: number;
  @IsOptional() @IsBoolean() echo?: boolean;
  @IsOptional() @IsNumber() @Min(-2) @Max(2) frequency_penalty?: number;
  @IsOptional() @IsObject() logit_bias?: Record<string, number>;
  @IsOptional() @IsInt() @Min(0) @Max(5) logprobs?: number;
  @IsOptional() @IsInt() @Min(0) max_tokens?: number;
  @IsOptional() @IsInt() @Min(1) @Max(128) n?: number;
  @IsOptional() @IsNumber() @Min(-2) @Max(2) presence_penalty?: number;
  @IsOptional() @IsInt() seed?: number;
  @IsOptional() @IsArray() @IsString({ each: true }) stop?: string[];
  @IsOptional() @IsBoolean() stream?: boolean;
  @IsOptional() @IsObject() stream_options?: Record<string, boolean>;
  @IsOptional() @IsString() suffix?: string;
  @IsOptional() @IsNumber() @Min(0) @Max(2) temperature?: number;
  @IsOptional() @IsNumber() @Min(0) @Max(1) top_p?: number;
  @IsOptional() @IsString() user?: string;
}

@Injectable()
class KeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { authorization } = context.switchToHttp().getRequest<Request>().headers;
    if (authorization !== `Bearer ${API_KEY}`) throw new UnauthorizedException();
    return true;
  }
}

@Controller('v1/completions')
@UseGuards(KeyGuard)
class CompletionsController {
  @Post()
  @HttpCode(200)
  async create(@Body() body: CreateCompletion, @Res({ passthrough: true }) response: Response): Promise<unknown> {
    const url = `${UPSTREAM_BASE_URL}/completions`;
    if (!body.stream) return (await axios.post<unknown>(url, body)).data;
    const upstream = await axios.post<Readable>(url, body, { responseType: 'stream' });
    response.setHeader('Content-Type', 'text/event-stream');
    upstream.data.pipe(response);
    return new Promise((resolve) => response.once('close', () => resolve(undefined)));
  }
}

@Module({ controllers: [CompletionsController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error'] });
app.useGlobalPipes(new ValidationPipe({ transform: true }));
await app.listen(Number(PORT), '127.0.0.1');
