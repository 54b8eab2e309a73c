import { setAdminKey } from './api.js';
import { element, make } from './dom.js';

/** Whoever keeps or shows something of the key's listens to `signed-out` of the document. */
export function signOut() {
  setAdminKey(undefined);
  document.dispatchEvent(new Event('signed-out'));
}

/** Runs what a person has asked for, and says what went wrong. */
export async function run(action) {
  hideMessage();
  try {
    await action();
  } catch (error) {
    sayWhy(error);
  }
}

/** Runs what nobody has asked for. What went wrong is said until it goes well again. */
export async function runAgain(action) {
  try {
    await action();
    if (element('message').dataset.isOfPoll) hideMessage();
  } catch (error) {
    sayWhy(error);
    element('message').dataset.isOfPoll = 'yes';
  }
}

export function onSubmit(id, action) {
  element(id).addEventListener('submit', (event) => {
    event.preventDefault();
    void run(() => action(event.target));
  });
}

export function button(text, action, className = '') {
  const made = make('button', { type: 'button', textContent: text, className });
  made.addEventListener('click', () => void run(action));
  return made;
}

function hideMessage() {
  element('message').hidden = true;
  delete element('message').dataset.isOfPoll;
}

function sayWhy(error) {
  if (error.status === 401) signOut();
  const message = element('message');
  // A screen reader says again what is written again.
  if (message.textContent !== error.message) message.textContent = error.message;
  message.hidden = false;
}
