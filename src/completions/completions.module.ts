import { Module } from '@nestjs/common';
import { RoutingModule } from '../routing/routing.module.js';
import { AnswerMemory } from './answer-memory.js';
import { ClientConnectionFactory } from '../http/client-connection.factory.js';
import { CompletionsController } from './completions.controller.js';
import { CompletionsService } from './completions.service.js';
import { StalledAnswers } from '../http/stalled-answers.js';

@Module({
  imports: [RoutingModule],
  controllers: [CompletionsController],
  providers: [CompletionsService, ClientConnectionFactory, StalledAnswers, AnswerMemory],
})
export class CompletionsModule {}
