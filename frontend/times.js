// Keeps relative times true: time[data-relative]. The words are those of posthouse/http/figures.py.

const STEPS = [[86400, "day"], [3600, "hour"], [60, "minute"]];
const DATE_AFTER = 30 * 86400;

function relative(then, now) {
  const gap = (now - then) / 1000;
  const seconds = Math.abs(gap);
  if (seconds < 45) return "just now";
  if (seconds >= DATE_AFTER) return null; // the server wrote the date
  const [length, unit] = STEPS.find(([step]) => Math.max(seconds, 60) >= step);
  const count = Math.floor(Math.max(seconds, 60) / length);
  const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return gap > 0 ? `${words} ago` : `in ${words}`;
}

function refresh() {
  if (document.hidden) return;
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const words = relative(Date.parse(time.dateTime), now);
    if (words && words !== time.textContent) time.textContent = words;
  }
}

setInterval(refresh, 20_000);
document.addEventListener("visibilitychange", refresh);
