/** Requests to the service. */

const token = document.querySelector("meta[name=csrf]").content;

/**
 * Send a request and return the JSON of its answer, null if it is empty.
 * @throws {Error} With the service's sentence, the `status` of its answer (0: no answer), and the `answer` itself if it is JSON.
 */
export async function request(method, address, body, headers = {}) {
  const json = body !== undefined && !(body instanceof Blob);
  const all = { "X-CSRF-Token": token, ...(json ? { "Content-Type": "application/json" } : {}), ...headers };
  let answer;
  try {
    answer = await fetch(address, { method, headers: all, body: json ? JSON.stringify(body) : body });
  } catch {
    throw Object.assign(new Error("the service does not answer"), { status: 0 });
  }
  const text = await answer.text();
  if (answer.ok) return text ? JSON.parse(text) : null;
  const said = parsed(text);
  throw Object.assign(new Error(said?.error ?? `the service answered ${answer.status}`), { status: answer.status, answer: said });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
