// Copy buttons: button[data-copy="text"] says "Copied" for a moment.

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const done = await copy(button.dataset.copy);
  const words = button.querySelector("[data-words]");
  const before = words.dataset.words;
  words.textContent = done ? "Copied" : "Press Ctrl+C";
  button.classList.toggle("copied", done);
  setTimeout(() => {
    words.textContent = before;
    button.classList.remove("copied");
  }, 2000);
});

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // the clipboard needs https, and people try us on plain http first
  }
}

function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
