// Whose phone it is: the made-up citizens, and what each is good for.

import { button, byId, element, inFours } from "./dom.js";

export const addressOf = (citizen) => `/?phone=${citizen.phone}`;

const capital = (name) => name.toLowerCase().replace(/(^|\s)\p{L}/gu, (letter) => letter.toUpperCase());

// `onType(text)` puts a text into the line to write in.
export function showPeople(citizens, citizen, number, onType) {
  for (const one of citizens) {
    const link = element("a", "", element("b", "", capital(one.name)), element("small", "", one.good_for));
    link.href = addressOf(one);
    if (one === citizen && one.phone === number) link.setAttribute("aria-current", "page");
    byId("citizens").append(element("li", "", link));
  }
  byId("number").value = number;
  byId("other-number").addEventListener("submit", (event) => {
    event.preventDefault();
    location.assign(`/?phone=${byId("number").value.replace(/\D/g, "")}`);
  });
  byId("about").replaceChildren(...(citizen ? about(citizen, number, onType) : [element("p", "hint", `+${number}, nobody in particular.`)]));
}

const GENDERS = { F: "female", M: "male", T: "transgender" };
const onCard = ({ name, born, gender }) => `${capital(name)}, ${born.replace(/(..)(..)(....)/, "$1/$2/$3")}, ${GENDERS[gender]}`;

function about(citizen, number, onType) {
  const secret = (name, digits) =>
    digits
      ? [
          element("dt", "", name),
          element("dd", "", element("span", "", inFours(digits)), button("Type it", () => onType(digits), "type")),
        ]
      : [];
  const mobile = citizen.mobile ? `+${citizen.mobile}` : "none: no OTP can be sent";
  const documents = element("details", "", element("summary", "", `${citizen.documents.length || "No"} documents`), citizen.documents.join(", "));
  return [
    element("p", "name", capital(citizen.name), element("small", "", number === citizen.phone ? "" : ` on the phone +${number}`)),
    element("p", "good-for", citizen.good_for),
    element(
      "dl",
      "",
      ...secret("Aadhaar number", citizen.aadhaar),
      ...secret("Virtual ID", citizen.vid),
      element("dt", "", "Mobile linked to it"),
      element("dd", "", mobile),
      element("dt", "", "On the Aadhaar card"),
      element("dd", "", onCard(citizen.on_aadhaar)),
    ),
    ...(citizen.documents.length ? [documents] : []),
  ];
}
