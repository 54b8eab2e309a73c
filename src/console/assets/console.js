import { adminKey, call, setAdminKey } from './api.js';
import { element } from './dom.js';
import { onSubmit, run, signOut } from './session.js';
import { readUpstreams } from './upstreams.js';
import { allowView, hideViews, showView } from './views.js';
import './usage.js';
import './requests.js';
import './limits.js';
import './keys.js';

function show(isSignedIn) {
  element('sign-in').hidden = isSignedIn;
  for (const id of ['console', 'views', 'sign-out']) element(id).hidden = !isSignedIn;
}

async function signIn() {
  const [hasDatabase, isInstanceAdmin] = await Promise.all([
    isAllowed(call('GET', '/projects?limit=1'), ({ code }) => code === 'no_database'),
    isAllowed(readUpstreams(), ({ status }) => status === 403),
  ]);
  for (const name of ['usage', 'requests', 'keys']) allowView(name, hasDatabase);
  allowView('upstreams', isInstanceAdmin);
  show(true);
  await showView();
}

/** Whether a call succeeds; false when it fails with the refusal that is expected. @throws any other error */
async function isAllowed(calling, isRefusal) {
  try {
    await calling;
    return true;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return false;
  }
}

onSubmit('sign-in-form', async (form) => {
  setAdminKey(element('admin-key').value.trim());
  form.reset();
  await signIn();
});

element('sign-out').addEventListener('click', signOut);

document.addEventListener('signed-out', () => {
  hideViews();
  for (const rows of document.querySelectorAll('tbody, #projects')) rows.replaceChildren();
  show(false);
});

if (adminKey()) await run(signIn);
