// The phone: the chat, the sheet with a list's rows, and the line to write in.

import { Form } from "./form.js";
import { bubble } from "./bubbles.js";
import { button, byId, element } from "./dom.js";
import { post } from "./api.js";
import { spoken } from "./words.js";

const OTHER_KINDS = {
  "Voice message": { type: "audio", audio: { id: "1", mime_type: "audio/ogg; codecs=opus", sha256: "", voice: true } },
  Photo: { type: "image", image: { id: "1", mime_type: "image/jpeg", sha256: "" } },
  Location: { type: "location", location: { latitude: 28.6, longitude: 77.2 } },
  Sticker: { type: "sticker", sticker: { id: "1", mime_type: "image/webp", sha256: "", animated: false } },
  Contact: { type: "contacts", contacts: [{ name: { formatted_name: "Someone", first_name: "Someone" } }] },
};

export class Chat {
  constructor(number) {
    this.number = number;
    this.messages = [];
    this.waiting = new Set(); // told of each change; see `until`
    this.form = new Form(number);
    byId("composer").addEventListener("submit", (event) => this.#submit(event));
    byId("say-hi").addEventListener("click", () => {
      this.send({ text: "Hi" });
      byId("text").focus();
    });
    byId("sheet-form").addEventListener("submit", () => this.#chosen());
    byId("sheet-close").addEventListener("click", () => byId("sheet").close());
    byId("rows").addEventListener("change", () => (byId("sheet-send").disabled = false));
    for (const [title, body] of Object.entries(OTHER_KINDS)) {
      byId("kinds").append(
        element("li", "", button(title, () => {
          byId("attach").open = false;
          this.send({ send: body });
        })),
      );
    }
    byId("attach").addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      byId("attach").open = false;
      byId("attach").firstElementChild.focus();
    });
  }

  async send(body) {
    this.#complain("");
    try {
      const { delivered } = await post(`/phones/${this.number}/messages`, body);
      if (delivered === null) this.#complain("Nobody answers the webhook: is the help desk running?");
      else if (delivered !== 200) this.#complain(`The help desk answered ${delivered}; WhatsApp tries again.`);
    } catch (error) {
      this.#complain(error instanceof TypeError ? "The simulator does not answer." : error.message);
    }
  }

  tap(id) {
    return this.send({ tap: id });
  }

  // Draws what is new or changed; the rest stays, and focus with it.
  update(changed) {
    const list = byId("chat");
    const actions = { tap: (id) => this.tap(id), open: (rows) => this.open(rows), form: (message) => this.form.open(message) };
    let grown = false;
    for (const message of changed) {
      if (JSON.stringify(this.messages[message.index]) === JSON.stringify(message)) continue;
      this.messages[message.index] = message;
      const quoted = this.messages.find((one) => one && one.id === message.raw.context?.id);
      const item = bubble(message, quoted, actions);
      const before = list.children[message.index];
      if (before) replace(before, item);
      else {
        if (message.from === "desk") this.typing(false); // in one go: what she is about to tap moves once
        list.append(item);
        grown = true;
      }
    }
    byId("begin").hidden = this.messages.length > 0;
    if (grown) this.#toTheEnd();
    for (const told of this.waiting) told();
  }

  typing(is) {
    byId("typing").hidden = !is;
    byId("presence").textContent = is ? "typing…" : "online";
    if (is) this.#toTheEnd();
  }

  // Waits until `find(messages)` gives something; undefined if it does not within `seconds`.
  until(find, seconds) {
    return new Promise((resolve) => {
      const done = (result) => {
        clearTimeout(limit);
        this.waiting.delete(look);
        resolve(result);
      };
      const look = () => {
        const found = find(this.messages);
        if (found !== undefined) done(found);
      };
      const limit = setTimeout(done, seconds * 1000);
      this.waiting.add(look);
      look();
    });
  }

  open(list) {
    byId("sheet-title").replaceChildren(list.button);
    spoken(byId("sheet-title"), list.button);
    byId("sheet").dir = byId("sheet-title").matches(":dir(rtl)") ? "rtl" : "ltr";
    byId("sheet-send").disabled = true;
    byId("rows").replaceChildren(
      ...list.sections.map((section) => {
        const rows = section.rows.map((row) => this.#row(row));
        const legend = section.title ? spoken(element("legend", "", section.title), section.title) : element("legend", "unseen", list.button);
        return element("fieldset", "", legend, ...rows);
      }),
    );
    byId("sheet").showModal();
    byId("rows").scrollTop = 0;
    byId("rows").querySelector("input")?.focus();
  }

  #row(row) {
    const radio = element("input");
    radio.type = "radio";
    radio.name = "row";
    radio.value = row.id;
    const about = row.description ? spoken(element("small", "", row.description), row.description) : null;
    return element("label", "row", element("span", "", spoken(element("b", "", row.title), row.title), about), radio);
  }

  #chosen() {
    const row = new FormData(byId("sheet-form")).get("row");
    if (row) this.tap(row);
    byId("text").focus();
  }

  #submit(event) {
    event.preventDefault();
    const text = byId("text").value.trim();
    byId("text").value = "";
    if (text) this.send({ text });
  }

  #complain(text) {
    byId("problem").hidden = !text;
    byId("problem").textContent = text;
  }

  #toTheEnd() {
    byId("scroller").scrollTop = byId("scroller").scrollHeight;
  }
}

// Draws a bubble anew. Its buttons never change and stay as they are: a tap that is under way is not lost.
function replace(before, after) {
  for (const part of [".document", ".inside"]) {
    const [old, fresh] = [before, after].map((one) => one.querySelector(`:scope > ${part}`));
    if (!old || !fresh || old.isEqualNode(fresh)) continue;
    const [picture, same] = [old, fresh].map((one) => one.querySelector("img.page"));
    if (picture && same) same.replaceWith(picture); // fetched once is enough
    old.replaceWith(fresh);
  }
}
