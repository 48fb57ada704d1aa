// On narrow screens a row becomes a small card: each cell is given its column's name (see app.css).

function label(table) {
  const names = [...table.querySelectorAll(":scope > thead th")].map((head) => head.textContent.trim());
  if (!names.length) return;
  for (const row of table.tBodies[0].rows) {
    [...row.cells].forEach((cell, index) => {
      if (cell.colSpan === 1 && index > 0) cell.dataset.label = names[index] ?? "";
    });
  }
  table.classList.add("stacks");
}

function labelAll() {
  for (const table of document.querySelectorAll("table.card-table")) label(table);
}

labelAll();
document.addEventListener("htmx:afterSettle", labelAll);
