import { Module } from '@nestjs/common';
import { FrontPageController } from './front-page.controller.js';
import { ConsoleController } from './console.controller.js';

@Module({ controllers: [ConsoleController, FrontPageController] })
export class ConsoleModule {}
