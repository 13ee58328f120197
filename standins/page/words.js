// A message's text as WhatsApp shows it: *bold*, _italic_, ~struck~ and `fixed`, links, and each line in its direction.

import { element } from "./dom.js";

const MARKS = { "*": "strong", _: "em", "~": "s", "`": "code" };
const MARKED = /(?<![\p{L}\p{N}])([*_~`])(\S|\S[^\n]*?\S)\1(?![\p{L}\p{N}])/u;
const LINK = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)]/u;

// The language that a script is read in here: it chooses the font, and the voice of a screen reader.
const LANGUAGES = [
  ["ur", /\p{Script=Arabic}/u],
  ["hi", /\p{Script=Devanagari}/u],
  ["bn", /\p{Script=Bengali}/u],
  ["ta", /\p{Script=Tamil}/u],
  ["te", /\p{Script=Telugu}/u],
  ["kn", /\p{Script=Kannada}/u],
  ["ml", /\p{Script=Malayalam}/u],
  ["gu", /\p{Script=Gujarati}/u],
  ["pa", /\p{Script=Gurmukhi}/u],
  ["or", /\p{Script=Oriya}/u],
  ["mni", /\p{Script=Meetei_Mayek}/u],
  ["sat", /\p{Script=Ol_Chiki}/u],
];

export function languageOf(text) {
  return LANGUAGES.find(([, script]) => script.test(text))?.[0] ?? "";
}

function parts(text) {
  const found = [MARKED.exec(text), LINK.exec(text)].filter(Boolean).sort((a, b) => a.index - b.index)[0];
  if (!found) return [text];
  const before = text.slice(0, found.index);
  const after = parts(text.slice(found.index + found[0].length));
  if (!found[1]) return [before, link(found[0]), ...after];
  return [before, element(MARKS[found[1]], "", ...(found[1] === "`" ? [found[2]] : parts(found[2]))), ...after];
}

function link(url) {
  const made = element("a", "", url);
  made.href = url;
  made.target = "_blank";
  made.rel = "noopener noreferrer";
  return made;
}

// Gives a text its language and direction.
export function spoken(made, text) {
  made.dir = "auto";
  const language = languageOf(text);
  if (language) made.lang = language;
  return made;
}

export function words(text, className = "words") {
  return spoken(element("div", className, ...parts(text)), text);
}
