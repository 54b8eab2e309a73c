import { adminKey, call, setAdminKey } from './api.js';
import { element } from './dom.js';
import { onSubmit, run, signOut } from './session.js';
import { hideViews, showView } from './views.js';
import './usage.js';
import './requests.js';
import './keys.js';

function show(isSignedIn) {
  element('sign-in').hidden = isSignedIn;
  element('console').hidden = !isSignedIn;
  element('views').hidden = !isSignedIn;
  element('sign-out').hidden = !isSignedIn;
}

async function signIn() {
  await call('GET', '/projects?limit=1');
  show(true);
  await showView();
}

onSubmit('sign-in-form', async (form) => {
  setAdminKey(element('admin-key').value.trim());
  form.reset();
  await signIn();
});

element('sign-out').addEventListener('click', signOut);

document.addEventListener('signed-out', () => {
  hideViews();
  show(false);
});

if (adminKey()) await run(signIn);
