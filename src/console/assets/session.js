import { setAdminKey } from './api.js';
import { element, make } from './dom.js';

/** Views that hold data of the key listen for `signed-out` on the document and drop it. */
export function signOut() {
  setAdminKey(undefined);
  document.dispatchEvent(new Event('signed-out'));
}

/** Runs an action of the person, and shows its error. */
export async function run(action) {
  hideMessage();
  try {
    await action();
  } catch (error) {
    showError(error);
  }
}

/** Runs a poll. Its error is shown until a poll succeeds. */
export async function runPoll(action) {
  try {
    await action();
    if (element('message').dataset.isOfPoll) hideMessage();
  } catch (error) {
    showError(error);
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

function showError(error) {
  if (error.status === 401) signOut();
  const message = element('message');
  // Writing the same text again makes screen readers repeat it.
  if (message.textContent !== error.message) message.textContent = error.message;
  message.hidden = false;
}
