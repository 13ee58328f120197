// The SMS inbox, beside the phone and, on a narrow screen, above the chat.

import { button, byId, clock, element } from "./dom.js";
import { spoken } from "./words.js";

const SHOWN_MILLISECONDS = 12000;

export class Inbox {
  // `numbers`: whose SMS arrive here.
  constructor(numbers, onType) {
    this.messages = [];
    this.onType = onType;
    this.started = false;
    this.waiting = new Set();
    byId("sms-number").textContent = numbers.map((one) => `+${one}`).join(", ");
  }

  update(messages) {
    const fresh = messages.slice(this.messages.length);
    this.messages = messages;
    const none = element("li", "none", "OTPs arrive here.");
    byId("sms").replaceChildren(...(messages.length ? messages.map((one) => this.#item(one)).reverse() : [none]));
    if (this.started && fresh.length) this.#notify(fresh.at(-1));
    this.started = true;
    for (const told of this.waiting) told();
  }

  // Waits for an OTP after the first `seen` messages; undefined if none comes within `seconds`.
  otp(seen, seconds) {
    return new Promise((resolve) => {
      const done = (result) => {
        clearTimeout(limit);
        this.waiting.delete(look);
        resolve(result);
      };
      const look = () => {
        const found = this.messages.slice(seen).findLast((one) => one.otp);
        if (found) done(found.otp);
      };
      const limit = setTimeout(done, seconds * 1000);
      this.waiting.add(look);
      look();
    });
  }

  #item(message) {
    const item = element("li", "", element("div", "from", "DigiLocker", element("time", "", clock(message.at))));
    item.append(spoken(element("p", "", message.text), message.text));
    if (message.otp) item.append(button("Type this OTP", () => this.onType(message.otp), "type"));
    return item;
  }

  #notify(message) {
    const shown = this.#item(message);
    const note = element("div", "card", ...shown.childNodes);
    byId("notification").replaceChildren(note);
    note.querySelector("button")?.addEventListener("click", () => note.remove());
    setTimeout(() => note.remove(), SHOWN_MILLISECONDS);
  }
}
