// A form on the phone, drawn from its JSON as WhatsApp draws it. What is typed goes to the stand-in's phone, which encrypts it.

import { button, byId, element } from "./dom.js";
import { languageOf, spoken, words } from "./words.js";
import { post } from "./api.js";

const KEYBOARDS = { number: "numeric", passcode: "numeric", phone: "tel", email: "email", password: "text", text: "text" };

export class Form {
  constructor(number) {
    this.path = `/phones/${number}/forms`;
    byId("form-close").addEventListener("click", () => this.#leave());
    byId("form-back").addEventListener("click", () => this.#go("back", {}));
    byId("form-screen").addEventListener("submit", (event) => this.#submit(event));
    byId("form-screen").addEventListener("input", () => this.#wake());
    byId("form").addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#leave();
    });
  }

  // `message`: the one whose button was tapped; focus comes back there.
  async open(message) {
    byId("form-title").textContent = "…";
    byId("form-parts").replaceChildren(element("p", "waiting", "Loading…"));
    byId("form-button").hidden = true;
    byId("form-back").hidden = true;
    this.#tell("");
    byId("form").showModal();
    await this.#ask(() => post(this.path, { message: message.index }));
  }

  async #ask(call) {
    byId("form").setAttribute("aria-busy", "true");
    for (const one of byId("form").querySelectorAll("button.send, .link")) one.disabled = true;
    try {
      this.#show(await call());
    } catch (error) {
      this.#tell(error instanceof TypeError ? "The simulator does not answer." : error.message);
      this.#wake();
    }
    byId("form").removeAttribute("aria-busy");
  }

  #go(what, body) {
    return this.#ask(() => post(`${this.path}/${this.shown.id}/${what}`, body));
  }

  #leave() {
    if (this.shown?.open) post(`${this.path}/${this.shown.id}/close`, {});
    byId("form").close();
  }

  #show(shown) {
    const before = this.shown;
    this.shown = shown;
    if (!shown.open) {
      if (!shown.dialog) return byId("form").close();
      byId("form-parts").replaceChildren(words(shown.dialog, "told"));
      byId("form-button").hidden = true;
      byId("form-back").hidden = true;
      this.#tell("");
      return byId("form-close").focus();
    }
    const { screen } = shown;
    const stays = before?.open && before.id === shown.id && before.screen?.id === screen.id;
    const typed = stays ? this.#values() : {};
    const values = { ...screen.values, ...(shown.snackbar || shown.dialog ? typed : {}) };
    byId("form-title").textContent = screen.title;
    spoken(byId("form-title"), screen.title);
    byId("form").dir = byId("form-title").matches(":dir(rtl)") ? "rtl" : "ltr";
    byId("form").lang = languageOf(screen.title) || "en";
    byId("form-back").hidden = !screen.back;
    this.footer = screen.components.find((one) => one.type === "Footer");
    const parts = screen.components.filter((one) => one.type !== "Footer").map((one) => this.#part(one, values[one.name]));
    byId("form-parts").replaceChildren(...parts);
    byId("form-parts").scrollTop = 0;
    byId("form-button").hidden = !this.footer;
    byId("form-button").textContent = this.footer?.label ?? "";
    this.#tell(shown.snackbar || shown.dialog);
    this.#wake();
    (byId("form-parts").querySelector("input") ?? byId("form-button")).focus({ preventScroll: true });
  }

  #part(one, value) {
    switch (one.type) {
      case "TextHeading":
      case "TextSubheading":
        return spoken(element("h3", "", one.text), one.text);
      case "TextInput":
        return this.#input(one, value);
      case "DatePicker":
        return this.#date(one, value);
      case "RadioButtonsGroup":
        return this.#radios(one, value);
      case "OptIn":
        return this.#optIn(one, value);
      case "EmbeddedLink": {
        const made = button(one.text, () => this.#go("taps", { component: one.index, values: this.#values() }), "link");
        return spoken(made, one.text);
      }
      default:
        return words(one.text ?? "", "body");
    }
  }

  #input(one, value) {
    const input = element("input");
    input.type = ["passcode", "password"].includes(one["input-type"]) ? "password" : "text";
    input.inputMode = KEYBOARDS[one["input-type"]] ?? "text";
    input.autocomplete = one["input-type"] === "passcode" ? "one-time-code" : "off";
    input.minLength = one["min-chars"] ?? 0;
    input.maxLength = one["max-chars"] ?? 80;
    return this.#field(one, input, value);
  }

  #date(one, value) {
    const input = element("input");
    input.type = "date";
    input.min = one["min-date"] ?? "";
    input.max = one["max-date"] ?? "";
    return this.#field(one, input, value);
  }

  #field(one, input, value) {
    input.name = one.name;
    input.id = `form-${one.name}`;
    input.required = Boolean(one.required);
    input.value = value ?? "";
    input.spellcheck = false;
    const label = spoken(element("label", "", one.label), one.label);
    label.htmlFor = input.id;
    const field = element("div", "field", label, input);
    if (one["helper-text"]) {
      const help = spoken(element("small", "", one["helper-text"]), one["helper-text"]);
      help.id = `${input.id}-help`;
      input.setAttribute("aria-describedby", help.id);
      field.append(help);
    }
    return field;
  }

  #radios(one, value) {
    const options = (one["data-source"] ?? []).map((option) => {
      const radio = element("input");
      radio.type = "radio";
      radio.name = one.name;
      radio.value = option.id;
      radio.required = Boolean(one.required);
      radio.checked = option.id === value;
      const about = option.description ? spoken(element("small", "", option.description), option.description) : null;
      return element("label", "row", element("span", "", spoken(element("b", "", option.title), option.title), about), radio);
    });
    return element("fieldset", "", spoken(element("legend", "", one.label), one.label), ...options);
  }

  #optIn(one, value) {
    const box = element("input");
    box.type = "checkbox";
    box.name = one.name;
    box.required = Boolean(one.required);
    box.checked = value === true;
    return element("label", "opt-in", box, spoken(element("span", "", one.label), one.label));
  }

  #values() {
    const values = {};
    for (const one of byId("form-parts").querySelectorAll("input")) {
      if (one.type === "checkbox") values[one.name] = one.checked;
      else if (one.type !== "radio" || one.checked) values[one.name] = one.value;
    }
    return values;
  }

  // The button is grey until everything is filled in, as on a phone.
  #wake() {
    byId("form-button").disabled = !byId("form-screen").checkValidity();
    for (const one of byId("form").querySelectorAll(".link")) one.disabled = false;
  }

  #submit(event) {
    event.preventDefault();
    if (this.footer) this.#go("taps", { component: this.footer.index, values: this.#values() });
  }

  #tell(text) {
    byId("form-told").hidden = !text;
    byId("form-told").replaceChildren(...(text ? [spoken(element("span", "", text), text)] : []));
  }
}
