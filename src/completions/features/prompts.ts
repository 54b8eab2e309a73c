import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import type { Feature } from './feature.js';

type Body = Pick<CreateCompletionDto, 'prompt'>;

/** Whether the prompt is a text, or several: only an engine can spell token ids. */
export const isText = ({ prompt }: Body): boolean => typeof prompt === 'string' || typeof prompt[0] === 'string';

const isSeveral = ({ prompt }: Body): boolean =>
  typeof prompt !== 'string' && typeof prompt[0] !== 'number' && prompt.length > 1;

export const promptList: Feature = {
  name: 'prompt_list',
  param: 'prompt',
  asks: 'several texts as the prompt',
  isAsked: (body) => isText(body) && isSeveral(body),
  emulation: {
    how: 'one request for each text, merged in order',
    cost: 'as many requests as texts',
    splitsBy: 'prompt',
  },
};

export const promptEmpty: Feature = {
  name: 'prompt_empty',
  param: 'prompt',
  asks: 'an empty text as a prompt',
  isAsked: ({ prompt }) => prompt === '' || (Array.isArray(prompt) && prompt.some((each) => each === '')),
};

export const promptTokens: Feature = {
  name: 'prompt_tokens',
  param: 'prompt',
  asks: 'a list of token ids as the prompt',
  isAsked: (body) => !isText(body),
};

export const promptTokensList: Feature = {
  name: 'prompt_tokens_list',
  param: 'prompt',
  asks: 'several lists of token ids as the prompt',
  isAsked: (body) => !isText(body) && isSeveral(body),
  needs: ['prompt_tokens'],
  emulation: {
    how: 'one request for each list, merged in order',
    cost: 'as many requests as lists',
    splitsBy: 'prompt',
  },
};
