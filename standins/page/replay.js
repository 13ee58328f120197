// Plays a conversation of tests/conversations in the page, at reading speed, for showing it to others.

import { byId, element } from "./dom.js";
import { get } from "./api.js";

const MILLISECONDS_A_LETTER = 45;
const READING_MILLISECONDS = 700;
const READING_MILLISECONDS_A_LETTER = 14;
const READING_AT_MOST = 6000;
const ANSWER_SECONDS = 60;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export async function showConversations(citizens) {
  for (const one of await get("/conversations")) {
    const citizen = citizens.find((person) => person.name.toLowerCase() === one.citizen.toLowerCase());
    const title = one.name.replaceAll("_", " ");
    const line = element("li", "");
    if (one.playable && citizen) {
      const link = element("a", "", element("b", "", title), element("small", "", one.about));
      // A phone of its own each time: nothing is left there of an earlier chat.
      link.addEventListener("pointerdown", () => (link.href = address(citizen, one.name)));
      link.href = address(citizen, one.name);
      line.append(link);
    } else {
      line.append(element("span", "off", element("b", "", title), element("small", "", `${one.about}. Only in the tests: it needs time to pass, or answers made to order.`)));
    }
    byId("conversations").append(line);
  }
}

function address(citizen, name) {
  const own = `9190002${String(Math.floor(Math.random() * 100000)).padStart(5, "0")}`;
  return `/?phone=${own}&as=${citizen.phone}&replay=${name}`;
}

const PLAIN = { voice: "Voice message", image: "Photo", location: "Location", sticker: "Sticker", contacts: "Contact" };

export class Replay {
  constructor(chat, inbox, citizen) {
    this.chat = chat;
    this.inbox = inbox;
    this.citizen = citizen;
    this.read = 0; // messages that the replay has gone past
    this.sms = undefined; // how many there were before the OTP that is typed next
    this.fast = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0.2 : 1;
  }

  async play(name) {
    const transcript = await get(`/conversations/${name}`);
    this.#say(`Replaying: ${transcript.about}`);
    for (const [number, line] of transcript.chat.entries()) {
      const fits = "desk" in line ? await this.#answer(line.desk) : await this.#act(line);
      if (fits) continue;
      this.#say(`Line ${number + 1} went another way than it is written.`);
      return;
    }
    this.#say("The end of the replay. The chat is yours now.");
  }

  async #act(line) {
    this.sms ??= this.inbox.messages.length;
    this.read = this.chat.messages.length;
    if (line["she sends"]) return this.#press([...byId("kinds").querySelectorAll("button")].find((one) => one.textContent === PLAIN[line["she sends"]]));
    const tapped = /^\[(.*)\]$/s.exec(line.she)?.[1];
    if (tapped) return this.#tap(tapped);
    const text = await this.#meant(line.she);
    if (!text) return false;
    const field = byId("text");
    for (const letter of text) {
      field.value += letter;
      await pause(MILLISECONDS_A_LETTER * this.fast);
    }
    await pause(300 * this.fast);
    byId("composer").requestSubmit();
    return true;
  }

  async #meant(text) {
    if (text === "<the OTP>") return this.#otp();
    const named = { "<her Aadhaar number>": this.citizen.aadhaar, "<her VID>": this.citizen.vid, "<a wrong OTP>": "000000" };
    return named[text] ?? text;
  }

  // The newest; once more the one before if none has come since.
  async #otp() {
    this.otp = (await this.inbox.otp(this.sms, 5)) ?? this.otp;
    this.sms = this.inbox.messages.length;
    return this.otp;
  }

  async #tap(title) {
    const newest = [...byId("chat").querySelectorAll(".choices button")].reverse();
    const shown = newest.find((one) => one.textContent === title);
    if (shown) return this.#press(shown);
    const list = newest.find((one) => one.getAttribute("aria-haspopup"));
    if (!list) return false;
    await this.#press(list);
    const row = [...byId("rows").querySelectorAll(".row")].find((one) => one.querySelector("b").textContent === title);
    if (!row) return false;
    await pause(900 * this.fast);
    await this.#press(row);
    return this.#press(byId("sheet-send"));
  }

  async #press(what) {
    if (!what) return false;
    what.scrollIntoView({ block: "nearest" });
    what.classList.add("pressed");
    await pause(500 * this.fast);
    what.classList.remove("pressed");
    what.click();
    return true;
  }

  async #answer(expected) {
    const answer = await this.chat.until((messages) => messages.slice(this.read).find((one) => one?.from === "desk"), ANSWER_SECONDS);
    if (!answer) return false;
    this.read = answer.index + 1;
    const said = written(answer);
    if (!matches(expected, said)) return false;
    await pause(Math.min(READING_MILLISECONDS + said.length * READING_MILLISECONDS_A_LETTER, READING_AT_MOST) * this.fast);
    return true;
  }

  #say(text) {
    byId("replaying").hidden = false;
    byId("replaying").textContent = text;
  }
}

// A message as it stands in a transcript.
function written(message) {
  const rows = message.list?.sections.flatMap((section) => section.rows.map((row) => row.title)).join(" | ");
  const buttons = message.buttons.map((one) => `[${one.title}]`);
  if (message.list) buttons.push(`[${message.list.button}: ${rows}]`);
  const file = message.document ? `(${message.document.filename})\n` : "";
  return `${file}${message.text}\n${buttons.join(" ")}`.trim();
}

// … stands for anything; spaces and line ends count alike.
export function matches(expected, said) {
  const plain = (text) => text.split(/\s+/).filter(Boolean).join(" ");
  const escaped = plain(expected).split("…").map((part) => part.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join("\\s?.*\\s?")}$`, "su").test(plain(said));
}
