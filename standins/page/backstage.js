// Behind the scenes: what each of her messages set off, call by call, and what the help desk remembers of her.

import { button, byId, clock, element } from "./dom.js";
import { get } from "./api.js";

const SETTLING_MILLISECONDS = 400;

const TITLES = {
  webhook: (entry) => (isStatus(entry) ? `WhatsApp reports “${statusOf(entry)}”` : "WhatsApp calls the webhook"),
  message: (entry) => (entry.status === 200 ? "A reply is sent to WhatsApp" : "WhatsApp refuses a reply"),
  graph: () => "Marked as read, typing is shown",
  digilocker: (entry) => `DigiLocker: ${digilockerCall(entry.target)}`,
};

const valueOf = (entry) => JSON.parse(entry.body ?? "{}").entry?.[0]?.changes?.[0]?.value ?? {};
const isStatus = (entry) => Boolean(valueOf(entry).statuses);
const statusOf = (entry) => valueOf(entry).statuses[0].status;
const digilockerCall = (path) => path.split("/").slice(3).filter((part) => !/^\d+$/.test(part)).slice(0, 2).join(" ");

export class Backstage {
  constructor(chat) {
    this.chat = chat;
    this.entries = [];
    this.looked = null;
    this.step = null; // the chosen one
    byId("open-backstage").addEventListener("click", () => this.toggle());
    byId("close-backstage").addEventListener("click", () => {
      this.toggle();
      byId("open-backstage").focus();
    });
    byId("exchange").addEventListener("change", () => this.#draw());
  }

  get isOpen() {
    return !byId("backstage").hidden;
  }

  toggle() {
    byId("backstage").hidden = this.isOpen;
    byId("open-backstage").setAttribute("aria-expanded", String(this.isOpen));
    document.body.classList.toggle("with-backstage", this.isOpen);
    if (this.isOpen) {
      this.refresh();
      byId("backstage").scrollIntoView({ block: "nearest" });
    }
  }

  // Something was written into the journal. Asked for soon, once, however much comes.
  changed() {
    if (!this.isOpen || this.soon) return;
    this.soon = setTimeout(() => {
      this.soon = null;
      this.refresh();
    }, SETTLING_MILLISECONDS);
  }

  async refresh() {
    const number = this.chat.number;
    const after = this.entries.at(-1)?.id ?? -1;
    this.entries.push(...(await get(`/phones/${number}/journal?after=${after}`)).filter((entry) => entry.id > after));
    const since = this.#exchanges().at(-1)?.at ?? 0;
    this.looked = await get(`/phones/${number}/backstage?since=${Math.max(0, since - 120).toFixed(3)}`);
    this.#choose();
    this.#draw();
    this.#drawState();
  }

  // Each begins with a message of hers and ends before the next.
  #exchanges() {
    return this.chat.messages
      .filter((message) => message?.from === "citizen")
      .map((message, index, all) => ({ message, at: message.at, until: all[index + 1]?.at ?? Infinity }));
  }

  #choose() {
    const select = byId("exchange");
    const onTheLast = select.selectedIndex <= 0;
    const before = select.value;
    const options = this.#exchanges().reverse().map(({ message }) => {
      const option = element("option", "", `${clock(message.at)}  ${message.text || message.type}`);
      option.value = message.index;
      return option;
    });
    select.replaceChildren(...options);
    if (!onTheLast && options.some((option) => option.value === before)) select.value = before;
  }

  #draw() {
    const exchange = this.#exchanges().find(({ message }) => String(message.index) === byId("exchange").value);
    const list = byId("steps");
    if (!exchange) {
      list.replaceChildren(element("li", "hint", "Nothing has happened yet. Say Hi."));
      return;
    }
    const belongs = (at) => at >= exchange.at - 0.05 && at < exchange.until - 0.05;
    const steps = [
      ...this.entries.filter((entry) => belongs(entry.at)).map((entry) => ({ ...entry, title: TITLES[entry.kind](entry) })),
      ...(this.looked?.runs ?? []).filter((run) => belongs(run.at)).map(ofRun),
    ].sort((a, b) => a.at - b.at);
    const whole = Math.max(0.001, ...steps.map((step) => step.at + step.seconds - exchange.at));
    list.replaceChildren(...steps.map((step) => this.#line(step, exchange.at, whole)));
    if (!list.querySelector("[aria-pressed=true]")) list.querySelector("button")?.click();
  }

  #line(step, began, whole) {
    const key = `${step.kind} ${step.id}`;
    const bar = element("span", "bar-of-time", element("i", ""));
    bar.firstChild.style.left = `${Math.min(99, Math.max(0, ((step.at - began) / whole) * 100))}%`;
    bar.firstChild.style.width = `${Math.max(1, (step.seconds / whole) * 100)}%`;
    const failed = step.status !== undefined && (step.status === null || step.status >= 400);
    const result = step.status === undefined ? "" : step.status === null ? "no answer" : step.status;
    const times = `+${milliseconds(step.at - began)} · took ${milliseconds(step.seconds)}`;
    const made = button(element("span", "what", element("b", "", step.title), element("span", "result", String(result))), () => {
      this.step = key;
      for (const other of byId("steps").querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === made));
      byId("detail").replaceChildren(...detail(step));
    });
    made.append(element("span", "times", times), bar);
    made.classList.add(step.kind);
    made.classList.toggle("failed", failed);
    made.setAttribute("aria-pressed", String(this.step === key));
    return element("li", "", made);
  }

  #drawState() {
    if (!this.looked) {
      byId("state").replaceChildren(element("p", "hint", "The table can be seen where the help desk itself runs on this machine: make run."));
      return;
    }
    const items = this.looked.items.map((item) => {
      const { conversation: _, part, ...rest } = item;
      const shown = element("details", "", element("summary", "", part), element("pre", "", pretty(rest)));
      shown.open = part === "state";
      return shown;
    });
    byId("state").replaceChildren(
      element("p", "hint", `Conversation ${this.looked.conversation}: a keyed hash, so that no log and no key names her.`),
      ...(items.length ? items : [element("p", "hint", "Nothing is stored.")]),
    );
  }
}

function ofRun(run) {
  return { kind: "run", id: run.request, at: run.at, seconds: run.seconds, title: `${run.function} function runs`, lines: run.lines };
}

function milliseconds(seconds) {
  return seconds < 10 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}

function pretty(value) {
  return JSON.stringify(value, null, 2);
}

function readable(text) {
  try {
    return pretty(JSON.parse(text));
  } catch {
    return text;
  }
}

function detail(step) {
  const parts = [];
  const add = (name, text) => parts.push(element("h4", "", name), element("pre", "", text));
  if (step.method) add("Call", `${step.method} ${step.target}`);
  if (step.signature) add("X-Hub-Signature-256", step.signature);
  if (step.body) add(step.kind === "webhook" ? "What WhatsApp sends" : "What is sent to WhatsApp", readable(step.body));
  if (step.answer) add("What WhatsApp answers", readable(step.answer));
  for (const line of step.lines ?? []) {
    const { at, level, message, ...rest } = line;
    add(`${level ?? ""} ${new Date(at * 1000).toISOString().slice(11, 23)}`, `${message}\n${pretty(rest)}`);
  }
  if (step.kind === "digilocker") parts.push(element("p", "hint", "Bodies of these calls are not kept: they hold Aadhaar numbers and OTPs."));
  return parts;
}
