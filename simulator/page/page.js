// The chat page. Everything that comes from outside is put in as text, never as markup.
"use strict";

const byId = (id) => document.getElementById(id);
const POLL_MILLISECONDS = 1000;

let citizens = [];
let number = "";
let shown = ""; // what the chat was last drawn from, so that nothing is drawn twice
let shownSms = "";

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

// WhatsApp's own marks: *bold*, _italic_, ~struck~, around whole words.
function words(text) {
  const line = element("div", "words");
  const marks = { "*": "strong", _: "em", "~": "s" };
  let rest = 0;
  for (const found of text.matchAll(/(?<![\p{L}\p{N}])([*_~])(\S|\S[^\n]*?\S)\1(?![\p{L}\p{N}])/gu)) {
    line.append(text.slice(rest, found.index), element(marks[found[1]], "", found[2]));
    rest = found.index + found[0].length;
  }
  line.append(text.slice(rest));
  return line;
}

function size(bytes) {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function documentCard(file) {
  const card = element(file.url ? "a" : "div", "document");
  if (file.url) {
    card.href = file.url;
    card.target = "_blank";
    card.rel = "noopener";
  }
  const kind = file.media_type === "application/pdf" || !file.media_type ? "PDF" : "FILE";
  card.append(element("span", "sheet-icon", kind));
  const about = element("span");
  about.append(element("span", "name", file.filename));
  about.append(element("span", "size", file.url ? `${size(file.size)} · open` : "not fetched yet"));
  card.append(about);
  return card;
}

function choice(label, onClick) {
  const button = element("button", "", label);
  button.type = "button";
  button.addEventListener("click", onClick);
  return button;
}

function choices(message) {
  const box = element("div", "choices");
  for (const button of message.buttons) box.append(choice(button.title, () => send({ tap: button.id })));
  if (message.list) box.append(choice(`☰ ${message.list.button}`, () => openSheet(message.list)));
  if (message.link && /^https?:/.test(message.link.url)) {
    const link = element("a", "", `↗ ${message.link.text}`);
    link.href = message.link.url;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    box.append(link);
  }
  return box.children.length ? box : null;
}

function bubble(message) {
  const mine = message.from === "citizen";
  const item = element("li", mine ? "bubble mine" : "bubble");
  if (message.document) item.append(documentCard(message.document));
  const inside = element("div", "inside");
  inside.append(element("span", "unseen", mine ? "You:" : "Help desk:"));
  if (message.header) inside.append(element("div", "head", message.header));
  inside.append(words(message.text || (message.document ? "" : `[${message.type}]`)));
  if (message.footer) inside.append(element("div", "foot", message.footer));
  const meta = element("span", "meta");
  if (mine) {
    const ticks = message.status === "sent" ? "✓" : "✓✓";
    const mark = element("span", message.status === "read" ? "ticks read" : "ticks", ticks);
    mark.setAttribute("aria-label", message.status);
    mark.setAttribute("role", "img");
    meta.append(mark, " ");
  }
  meta.append(clock(message.at));
  inside.append(meta);
  if (message.status === "failed") {
    const details = message.error ? `${message.error.code}: ${message.error.error_data.details}` : "";
    inside.append(element("div", "failed", `Not delivered. ${details}`));
  }
  item.append(inside);
  const below = choices(message);
  if (below) item.append(below);
  return item;
}

function openSheet(list) {
  byId("sheet-title").textContent = list.button;
  const rows = byId("rows");
  rows.replaceChildren();
  for (const section of list.sections) {
    if (section.title) rows.append(element("h3", "", section.title));
    for (const row of section.rows) {
      const line = element("button", "row", row.title);
      line.type = "button";
      if (row.description) line.append(element("small", "", row.description));
      line.addEventListener("click", () => {
        byId("sheet").close();
        send({ tap: row.id });
      });
      rows.append(line);
    }
  }
  byId("sheet").showModal();
}

function complain(text) {
  byId("problem").hidden = !text;
  byId("problem").textContent = text;
}

async function get(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer.json();
}

async function send(body) {
  try {
    const answer = await fetch(`/phones/${number}/messages`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const result = await answer.json();
    if (answer.status === 202) {
      complain(
        result.delivered === null
          ? "Nobody answers the webhook: is the help desk running?"
          : `The help desk answered ${result.delivered}; WhatsApp tries again.`,
      );
    } else {
      complain(answer.ok ? "" : result.error);
    }
  } catch {
    complain("The simulator does not answer.");
  }
  await refresh();
}

function drawChat(messages) {
  const now = JSON.stringify(messages);
  if (now === shown) return;
  const chat = byId("chat");
  const known = shown ? JSON.parse(shown) : [];
  shown = now;
  // Only what changed is drawn again: focus stays where it is.
  messages.forEach((message, index) => {
    if (index < chat.children.length && JSON.stringify(known[index]) === JSON.stringify(message)) return;
    const item = bubble(message);
    if (index < chat.children.length) chat.children[index].replaceWith(item);
    else chat.append(item);
  });
  if (messages.length > known.length) chat.scrollTop = chat.scrollHeight;
}

function drawSms(messages, mobile) {
  const now = mobile + JSON.stringify(messages);
  if (now === shownSms) return;
  shownSms = now;
  byId("sms-number").textContent = mobile ? `+${mobile}` : "no mobile";
  const inbox = byId("sms");
  inbox.replaceChildren();
  if (!messages.length) inbox.append(element("li", "none", "OTPs arrive here."));
  for (const message of [...messages].reverse()) {
    const item = element("li", "", message.text);
    item.append(element("time", "", clock(message.at)));
    if (message.otp) {
      const type = choice("Type this OTP", () => {
        byId("text").value = message.otp;
        byId("text").focus();
      });
      type.className = "type";
      item.append(type);
    }
    inbox.append(item);
  }
}

function chosen() {
  return citizens[byId("citizen").selectedIndex];
}

async function refresh() {
  if (!/^\d{8,15}$/.test(number)) return;
  const asked = number;
  const mobile = chosen() ? chosen().mobile : number;
  try {
    const [messages, phone, sms] = await Promise.all([
      get(`/phones/${asked}/messages`),
      get(`/phones/${asked}`),
      mobile ? get(`/phones/${mobile}/sms`) : [],
    ]);
    if (asked !== number) return;
    drawChat(messages);
    drawSms(sms, mobile);
    byId("presence").textContent = phone.typing ? "typing…" : "on WhatsApp";
  } catch {
    byId("presence").textContent = "the simulator does not answer";
  }
}

function useNumber(digits) {
  number = digits.replace(/[^\d]/g, "");
  shown = "";
  byId("chat").replaceChildren();
  complain("");
  refresh();
}

function useCitizen() {
  const citizen = chosen();
  byId("number").value = citizen.phone;
  const about = byId("about");
  about.replaceChildren();
  for (const [term, value] of [
    ["Good for", citizen.good_for],
    ["Aadhaar number", citizen.aadhaar.replace(/(\d{4})(?=\d)/g, "$1 ")],
    ["Virtual ID", citizen.vid ? citizen.vid.replace(/(\d{4})(?=\d)/g, "$1 ") : ""],
    ["Mobile linked to it", citizen.mobile ? `+${citizen.mobile}` : "none"],
    ["Documents", citizen.documents.join(", ") || "none"],
  ]) {
    if (value) about.append(element("dt", "", term), element("dd", "", value));
  }
  history.replaceState(null, "", `#${citizen.phone}`);
  useNumber(citizen.phone);
}

async function start() {
  citizens = await get("/citizens");
  for (const citizen of citizens) byId("citizen").append(element("option", "", `${citizen.name} (…${citizen.phone.slice(-4)})`));
  const wanted = citizens.findIndex((citizen) => `#${citizen.phone}` === location.hash);
  byId("citizen").selectedIndex = Math.max(wanted, 0);
  byId("citizen").addEventListener("change", useCitizen);
  byId("number").addEventListener("change", () => useNumber(byId("number").value));
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = byId("text").value.trim();
    if (!text) return;
    byId("text").value = "";
    send({ text });
  });
  useCitizen();
  byId("text").focus();
  setInterval(refresh, POLL_MILLISECONDS);
}

start();
