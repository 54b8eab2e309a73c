import { call, callForAll } from './api.js';
import { element, make, row, timeText } from './dom.js';
import { button, onSubmit, run } from './session.js';
import { addView } from './views.js';

/** Projects, their keys and models, and the audit log. */

const PAGE = 20;

/** The selected project. */
let project;

/** Asks for confirmation; resolves with whether it was given. */
function askToConfirm(title, text, yes) {
  const dialog = element('confirm');
  element('confirm-title').textContent = title;
  element('confirm-text').textContent = text;
  element('confirm-yes').textContent = yes;
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

async function loadProjects() {
  const projects = await callForAll('/projects');
  project = projects.find(({ id }) => id === project?.id) ?? projects[0];
  element('projects').replaceChildren(
    ...projects.map((each) => {
      const choose = button(each.name, async () => {
        project = each;
        await loadAll();
      });
      choose.setAttribute('aria-current', String(each.id === project?.id));
      return make('li', {}, choose);
    }),
  );
}

async function loadAll() {
  await loadProjects();
  element('project').hidden = project === undefined;
  if (project) {
    element('project-title').textContent = project.name;
    element('archive').hidden = project.read_only === true;
    element('keys').replaceChildren();
    await Promise.all([loadKeys(), loadModels()]);
  }
  await loadAudit();
}

async function loadKeys(after) {
  const from = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
  const page = await call('GET', `/projects/${project.id}/api_keys?limit=${PAGE}${from}`);
  element('keys').append(...page.data.map(keyRow));
  const more = element('more-keys');
  more.hidden = !page.has_more;
  more.onclick = () => void run(() => loadKeys(page.last_id));
}

function keyRow(key) {
  const value = make('code', { textContent: key.redacted_value });
  const revoke = key.read_only
    ? 'in the configuration'
    : button(
        'Revoke',
        async () => {
          const text = 'Requests with this key are refused at once; running streams continue. This cannot be undone.';
          if (!(await askToConfirm(`Revoke ${key.name}?`, text, 'Revoke'))) return;
          await call('DELETE', `/projects/${project.id}/api_keys/${key.id}`);
          await loadAll();
        },
        'danger',
      );
  const { created_at: createdAt, expires_at: expiresAt, last_used_at: usedAt } = key;
  return row(key.name, value, timeText(createdAt, '–'), timeText(expiresAt, 'never'), timeText(usedAt, '–'), revoke);
}

async function loadModels() {
  const permissions = await call('GET', `/projects/${project.id}/model_permissions`).catch((error) => {
    if (error.status !== 404) throw error;
    return { mode: 'all', model_ids: [] };
  });
  const form = element('models');
  form.elements.mode.value = permissions.mode;
  element('model-ids').value = permissions.model_ids.join('\n');
}

async function loadAudit() {
  const { data } = await call('GET', `/audit_logs?limit=${PAGE}`);
  element('audit').replaceChildren(
    ...data.map((event) => {
      const { id, data: details } = event[event.type] ?? {};
      const by = event.actor.api_key.id;
      const from = event.actor.ip_address ?? '–';
      return row(timeText(event.effective_at, '–'), event.type, details?.name ?? id ?? '–', by, from);
    }),
  );
}

function showNewKey(value) {
  element('value').textContent = value;
  element('copy').textContent = 'Copy';
  element('new-value').showModal();
}

onSubmit('new-project', async (form) => {
  project = await call('POST', '/projects', { name: element('project-name').value });
  form.reset();
  await loadAll();
});

onSubmit('new-key', async (form) => {
  const expiry = element('key-expiry').value;
  const body = { name: element('key-name').value, ...(expiry && { expires_in_seconds: Number(expiry) }) };
  const { value } = await call('POST', `/projects/${project.id}/api_keys`, body);
  form.reset();
  showNewKey(value);
  await loadAll();
});

onSubmit('models', async (form) => {
  const mode = form.elements.mode.value;
  const names = element('model-ids').value.split('\n');
  const path = `/projects/${project.id}/model_permissions`;
  const modelIds = names.map((name) => name.trim()).filter((name) => name !== '');
  if (mode === 'all') await call('DELETE', path);
  else await call('POST', path, { mode, model_ids: modelIds });
  await loadAll();
});

element('archive').addEventListener('click', () => {
  void run(async () => {
    const text = 'Its keys stop working. This cannot be undone.';
    if (!(await askToConfirm(`Archive ${project.name}?`, text, 'Archive'))) return;
    await call('POST', `/projects/${project.id}/archive`);
    await loadAll();
  });
});

element('copy').addEventListener('click', () => {
  void run(async () => {
    await navigator.clipboard.writeText(element('value').textContent);
    element('copy').textContent = 'Copied';
  });
});

// The page must not keep the key after the dialog is closed.
element('new-value').addEventListener('close', () => (element('value').textContent = ''));

document.addEventListener('signed-out', () => (project = undefined));

addView('keys', loadAll);
