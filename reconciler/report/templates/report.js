"use strict";
const field = document.querySelector("input[type=search]");
const shown = document.querySelector("#shown");
const entries = [...document.querySelectorAll(".entry")];
const texts = entries.map((entry) => entry.textContent.toLowerCase());
function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  entries.forEach((entry, index) => {
    entry.hidden = !words.every((word) => texts[index].includes(word));
    count += entry.hidden ? 0 : 1;
  });
  shown.textContent = words.length ? `${count} of ${entries.length}` : "";
}
field.addEventListener("input", search);
document.querySelector("#fold").addEventListener("click", () => {
  const folds = [...document.querySelectorAll("details.entry")];
  const open = folds.some((fold) => !fold.open);
  folds.forEach((fold) => { fold.open = open; });
});
addEventListener("beforeprint", () => document.querySelectorAll("details.entry").forEach((fold) => { fold.open = true; }));
document.querySelector(".search").hidden = entries.length === 0;
