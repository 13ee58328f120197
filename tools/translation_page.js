const place = document.body.dataset.code;
const kept = JSON.parse(localStorage.getItem(place) || "{}");
const articles = [...document.querySelectorAll("article")];
const count = () => {
  const done = articles.filter(one => one.querySelector("input").checked).length;
  document.querySelector(".done").textContent = `${done} of ${articles.length} checked`;
};
for (const one of articles) {
  const [box, remark] = [one.querySelector("input"), one.querySelector("textarea")];
  [box.checked, remark.value] = kept[one.id] || [false, ""];
  one.addEventListener("input", () => {
    kept[one.id] = [box.checked, remark.value];
    localStorage.setItem(place, JSON.stringify(kept));
    count();
  });
}
document.querySelector(".copy").addEventListener("click", event => {
  const remarks = articles.filter(one => one.querySelector("textarea").value.trim())
    .map(one => `${one.id}: ${one.querySelector("textarea").value.trim()}`);
  const copied = () => { event.target.textContent = `${remarks.length} copied`; };
  const shown = () => prompt("Copy this:", remarks.join("\n")); // where the browser lets no page of a file write to the clipboard
  navigator.clipboard ? navigator.clipboard.writeText(remarks.join("\n")).then(copied, shown) : shown();
});
count();
