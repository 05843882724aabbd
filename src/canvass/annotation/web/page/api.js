// Talking to the server: JSON there and back, and one kind of error. Paths are relative: a project may have one of its own.

const PATIENCE = 15000; // milliseconds until an answer is given up for lost, and sent again
const DOWNLOAD = 300000; // the same for a file

export class ServerError extends Error {
  /** `status` is 0 where no answer came at all. */
  constructor(status, message) {
    super(message);
    this.status = status;
  }

  /** Whether sending the same again may help. */
  get passing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }

  /** Whether the server did not look at what was sent, since it does not know this browser (any more). */
  get stranger() {
    return this.status === 401 || this.status === 403 || this.status === 421;
  }
}

/** Give an error of the server back; any other is a defect of ours, and goes on. */
export function ofServer(error) {
  if (!(error instanceof ServerError)) throw error;
  return error;
}

const ask = async (method, path, body) => contentOf(await send(method, path, body));

/** What the server said, or a ServerError. */
async function contentOf(response) {
  let content = null;
  try {
    content = await response.json();
  } catch {
    if (response.ok) throw new ServerError(0, "the server's answer broke off");
  }
  if (!response.ok) {
    throw new ServerError(response.status, content?.error?.message ?? `the server answered ${response.status}`);
  }
  return content;
}

async function send(method, path, body, patience = PATIENCE) {
  try {
    return await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(patience),
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch {
    throw new ServerError(0, "the server does not answer");
  }
}

/** Save a file of the server among the browser's downloads; gives what the server notes on it. */
export async function download(path, parameters = {}) {
  const response = await send("GET", `${path}?${query(parameters)}`, undefined, DOWNLOAD);
  if (!response.ok) await contentOf(response);
  const name = /filename\*=UTF-8''(\S+)/.exec(response.headers.get("Content-Disposition"))[1];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = decodeURIComponent(name);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), DOWNLOAD);
  return decodeURIComponent(response.headers.get("Canvass-Note") ?? "");
}

const query = (parameters) =>
  new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined));

export const api = {
  projects: () => ask("GET", "api/projects"),
  project: () => ask("GET", "api/project"),
  lease: (annotator, holding, count) => ask("POST", "api/lease", { annotator, holding, count }),
  release: (annotator, tasks) => ask("POST", "api/release", { annotator, tasks }),
  answer: (answer) => ask("POST", "api/answers", answer),
  listCopies: (annotator, answer) => ask("GET", `api/copies?${query({ annotator, answer })}`),
  copyAnswer: (annotator, answer, keys) => ask("POST", "api/copies", { annotator, answer, keys }),
  task: (id) => ask("GET", `api/tasks/${id}`),
  history: (annotator, before, limit) => ask("GET", `api/history?${query({ annotator, before, limit })}`),
  progress: (annotator) => ask("GET", `api/progress?${query({ annotator })}`),
  search: (parameters) => ask("GET", `api/search?${query(parameters)}`),
  review: () => ask("GET", "api/review"),
  looked: (annotator, tasks) => ask("POST", "api/looked", { annotator, tasks }),
  disputes: () => ask("GET", "api/disputes"),
  label: (annotator, kind, name, description) => ask("POST", "api/labels", { annotator, kind, name, description }),
  formats: () => ask("GET", "api/formats"),
  labels: () => ask("GET", "api/labels"),
  groups: () => ask("GET", "api/groups"),
  changeGroup: (annotator, action, group, renamed) => ask("POST", "api/groups/change", { annotator, action, group, new: renamed }),
  changeLabel: (action, kind, name, renamed) => ask("POST", "api/labels/change", { action, kind, name, new: renamed }),
};
