// The simulator's HTTP face (/openapi.json describes it).

async function answerOf(response) {
  const body = await response.json();
  if (!response.ok) throw new Error(body?.error ?? `the simulator answered ${response.status}`);
  return body;
}

export const get = async (path) => answerOf(await fetch(path));

export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return answerOf(await fetch(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

// Calls `handlers[name](value)` for each event of a phone. A hidden tab lets go of its connection: a browser keeps only
// six of them to one server, however many phones are open. What was missed comes when the tab is shown again.
export function listen(number, mobile, handlers) {
  let source = null;
  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(`/phones/${number}/events${mobile ? `?sms=${mobile}` : ""}`);
    for (const [name, handle] of Object.entries(handlers)) {
      if (name === "open" || name === "lost") continue;
      source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
    }
    source.addEventListener("open", handlers.open);
    source.addEventListener("error", handlers.lost);
  };
  const close = () => {
    source?.close();
    source = null;
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
}
