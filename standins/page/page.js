// Puts the page together: /?phone=919000000001 is one phone; each tab may have another.

import { Backstage } from "./backstage.js";
import { Chat } from "./chat.js";
import { Inbox } from "./inbox.js";
import { Replay, showConversations } from "./replay.js";
import { byId } from "./dom.js";
import { get, listen } from "./api.js";
import { showPeople } from "./people.js";
import { showSwitches } from "./faults.js";

function showView(name) {
  document.body.dataset.view = name;
  for (const one of document.querySelectorAll(".views button")) one.setAttribute("aria-pressed", String(one.dataset.view === name));
}

function type(text) {
  showView("phone");
  byId("text").value = text;
  byId("text").focus();
}

async function start() {
  const asked = new URLSearchParams(location.search);
  const citizens = await get("/citizens");
  const number = (asked.get("phone") ?? "").replace(/\D/g, "") || citizens[0].phone;
  // `as`: who holds a phone that is not her own.
  const citizen = citizens.find((one) => one.phone === (asked.get("as") ?? number));
  const mobile = citizen ? citizen.mobile : number;
  document.title = `${citizen ? citizen.name : `+${number}`} · Help desk simulator`;
  byId("my-number").textContent = `+${number}`;

  const chat = new Chat(number);
  const inbox = new Inbox([...new Set([mobile ?? number, number])], type);
  const backstage = new Backstage(chat);
  showPeople(citizens, citizen, number, type);
  showView("phone");
  for (const one of document.querySelectorAll(".views button")) one.addEventListener("click", () => showView(one.dataset.view));

  const connected = new Promise((resolve) => {
    listen(number, mobile, {
      open: resolve,
      lost: () => (byId("presence").textContent = "connecting…"),
      messages: (messages) => chat.update(messages),
      phone: (phone) => chat.typing(phone.typing),
      sms: (messages) => inbox.update(messages),
      switches: showSwitches,
      journal: () => backstage.changed(),
    });
  });
  byId("text").focus({ preventScroll: true });
  await showConversations(citizens);
  await connected;

  const wanted = asked.get("replay");
  if (wanted && citizen) {
    // Reloading the page does not play it again.
    asked.delete("replay");
    history.replaceState(null, "", `/?${asked}`);
    await new Replay(chat, inbox, citizen).play(wanted);
  }
}

start();
