"use strict";
for (const button of document.querySelectorAll("thead button")) button.addEventListener("click", () => {
  const head = button.closest("th"), body = head.closest("table").tBodies[0];
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const key = row => row.cells[head.cellIndex].dataset.value ?? row.cells[head.cellIndex].textContent;
  const order = new Intl.Collator(undefined, {numeric: true}).compare;
  const known = [...body.rows].filter(row => key(row) !== "");
  const unknown = [...body.rows].filter(row => key(row) === "");
  const number = known.every(row => !isNaN(key(row)));
  known.sort((a, b) => (number ? key(a) - key(b) : order(key(a), key(b))) * (down ? -1 : 1));
  body.append(...known, ...unknown);
});
