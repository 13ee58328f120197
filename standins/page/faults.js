// Switches for what goes wrong. All phones share them.

import { byId, element } from "./dom.js";
import { post } from "./api.js";

export function showSwitches(switches) {
  const list = byId("switches");
  const known = new Map([...list.querySelectorAll("input")].map((input) => [input.name, input]));
  for (const one of switches) {
    const input = known.get(one.name) ?? made(one, list);
    input.checked = one.on;
    input.disabled = !one.usable;
  }
}

function made(one, list) {
  const input = element("input");
  input.type = "checkbox";
  input.setAttribute("role", "switch");
  input.name = one.name;
  input.setAttribute("aria-describedby", `about-${one.name}`);
  input.addEventListener("change", () => post("/switches", { [one.name]: input.checked }).then(showSwitches));
  const about = element("small", "", one.usable ? one.about : `${one.about} Only with the local stack (make run).`);
  about.id = `about-${one.name}`;
  list.append(element("li", "", element("label", "", element("span", "", one.title), input), about));
  return input;
}
