// One message of the chat, drawn as WhatsApp draws it.

import { button, clock, element, picture } from "./dom.js";
import { spoken, words } from "./words.js";

const ICONS = {
  reply: ["M10 5 3 12l7 7v-4.5c5 0 8.5 1.5 11 5-1-6-4.5-10-11-10.5z"],
  list: ["M4 6h2M9 6h11M4 12h2M9 12h11M4 18h2M9 18h11"],
  link: ["M14 4h6v6M20 4l-9 9M18 14v6H4V6h6"],
  form: ["M6 3h12v18H6zM9 8h6M9 12h6M9 16h3"],
};
const TICKS = {
  accepted: ["M2 8.5l3.5 3.5L12 4"],
  sent: ["M2 8.5l3.5 3.5L12 4"],
  delivered: ["M2 8.5l3.5 3.5L12 4", "M9.5 12 16 4"],
  read: ["M2 8.5l3.5 3.5L12 4", "M9.5 12 16 4"],
};
const KINDS = {
  audio: "🎤 Voice message",
  contacts: "👤 Contact",
  image: "📷 Photo",
  location: "📍 Location",
  sticker: "Sticker",
  video: "🎥 Video",
};

// What a form that was filled in leaves in the chat.
function sent(message) {
  const reply = message.raw.interactive?.nfm_reply;
  return reply && `📋 ${reply.body}`;
}

function size(bytes) {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

// The place is taken from the start: what lies below does not move away from a finger when the picture comes.
function firstPage(url) {
  const blank = element("span", "page");
  if (!url) return blank;
  const page = element("img", "page");
  page.src = `${url}/preview`;
  page.alt = "First page of the PDF";
  page.addEventListener("error", () => page.replaceWith(blank));
  return page;
}

function file(shown) {
  const isPdf = !shown.media_type || shown.media_type === "application/pdf";
  const card = element(shown.url ? "a" : "div", "document");
  if (shown.url) {
    card.href = shown.url;
    card.target = "_blank";
    card.rel = "noopener";
  }
  if (isPdf) card.append(firstPage(shown.url));
  const kind = isPdf ? "PDF" : shown.media_type.split("/")[1].toUpperCase();
  const name = spoken(element("span", "name", shown.filename), shown.filename);
  const about = element("span", "size", shown.url ? `${kind} · ${size(shown.size)}` : "being fetched…");
  card.append(element("span", "file", element("span", "sheet-icon", kind), element("span", "title", name, about)));
  return card;
}

function choices(message, actions) {
  const box = element("div", "choices");
  for (const one of message.buttons) {
    const made = spoken(button(picture(ICONS.reply), () => actions.tap(one.id)), one.title);
    made.append(element("span", "", one.title));
    made.dataset.tap = one.id;
    box.append(made);
  }
  if (message.list) {
    const made = spoken(button(picture(ICONS.list), () => actions.open(message.list)), message.list.button);
    made.append(element("span", "", message.list.button));
    made.setAttribute("aria-haspopup", "dialog");
    box.append(made);
  }
  if (message.form) {
    const made = spoken(button(picture(ICONS.form), () => actions.form(message)), message.form.text);
    made.append(element("span", "", message.form.text));
    made.setAttribute("aria-haspopup", "dialog");
    made.disabled = message.form.over;
    box.append(made);
  }
  if (message.link && /^https?:/.test(message.link.url)) {
    const made = spoken(element("a", "", picture(ICONS.link), element("span", "", message.link.text)), message.link.text);
    made.href = message.link.url;
    made.target = "_blank";
    made.rel = "noopener noreferrer";
    box.append(made);
  }
  return box.children.length ? box : null;
}

function quote(of) {
  const first = of.text.split("\n").find((line) => line.trim()) ?? of.document?.filename ?? "";
  const sender = of.from === "citizen" ? "You" : "Help desk";
  return element("div", "quote", element("b", "", sender), words(first.replace(/[*_~`]/g, ""), "line"));
}

function meta(message, mine) {
  const line = element("span", "meta", clock(message.at));
  if (mine) {
    const ticks = picture(TICKS[message.status] ?? TICKS.sent, "0 0 18 16");
    ticks.classList.add("ticks", message.status);
    ticks.setAttribute("role", "img");
    ticks.removeAttribute("aria-hidden");
    ticks.setAttribute("aria-label", message.status);
    line.append(ticks);
  }
  return line;
}

// `actions`: tap(id), open(list) and form(message). `quoted`: the message that this one answers, if it is known.
export function bubble(message, quoted, actions) {
  const mine = message.from === "citizen";
  const item = element("li", mine ? "bubble mine" : "bubble");
  item.dataset.index = message.index;
  const inside = element("div", "inside", element("span", "unseen", mine ? "You:" : "Help desk:"));
  if (quoted) inside.append(quote(quoted));
  if (message.header) inside.append(spoken(element("div", "head", message.header), message.header));
  const text = message.text || (message.document ? "" : (sent(message) ?? KINDS[message.type] ?? `[${message.type}]`));
  if (text) inside.append(words(text));
  if (message.footer) inside.append(spoken(element("div", "foot", message.footer), message.footer));
  inside.append(meta(message, mine));
  if (message.status === "failed") {
    const why = message.error ? `${message.error.code}: ${message.error.error_data?.details ?? message.error.title}` : "";
    inside.append(element("div", "failed", `Not delivered. ${why}`));
  }
  if (message.document) item.append(file(message.document));
  item.append(inside);
  const below = choices(message, actions);
  if (below) item.append(below);
  return item;
}
