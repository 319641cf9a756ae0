// What changes while the page is open: relative times, and states that something is working on.
const UNITS = [[31_536_000, 31_536_000, "year"], [7_776_000, 2_592_000, "month"], [86_400, 86_400, "day"], [3_600, 3_600, "hour"], [60, 60, "minute"]];

// The same words as the server's; see moment.rs.
const relative = (seconds) => {
  const span = Math.abs(seconds);
  const [, size, unit] = UNITS.find(([from]) => span >= from) || [];
  if (!unit) return seconds < 0 ? "in less than a minute" : "just now";
  const count = seconds < 0 ? Math.max(1, Math.round(span / size)) : Math.floor(span / size);
  const words = count + " " + unit + (count === 1 ? "" : "s");
  return seconds < 0 ? "in " + words : words + " ago";
};
const refreshTimes = () => all("time[datetime]").forEach((time) => {
  time.textContent = relative(Math.floor((Date.now() - Date.parse(time.dateTime)) / 1000));
});

const watchState = async (place, wait = 800) => {
  await new Promise((done) => setTimeout(done, wait));
  if (!document.hidden) {
    const response = await fetch(place.dataset.stateUrl, { headers: { Accept: "application/json" } }).catch(() => null);
    if (response?.status === 404 || response?.status === 401) return location.reload();
    const state = response?.ok ? await response.json().catch(() => null) : null;
    if (state && showState(place, state)) return;
  }
  watchState(place, Math.min(wait * 1.4, 10_000));
};

// True once nothing more will happen by itself.
const showState = (place, { text, tone, settled }) => {
  const badge = place.querySelector(".badge");
  if (badge.textContent !== text) { badge.textContent = text; announce(text); }
  badge.className = "badge " + tone;
  if (settled && place.dataset.then === "reload" && !document.querySelector("dialog[open]")) location.reload();
  return settled;
};

// Lists that update by themselves: the page is asked for again, and its list taken. A document that a request parses runs
// no script. Whoever is in the list is not disturbed.
const refreshList = (list) => {
  const request = new XMLHttpRequest();
  request.open("GET", location.href);
  request.responseType = "document";
  request.addEventListener("load", () => {
    const fresh = request.status === 200 && request.response?.getElementById(list.id);
    if (fresh && list.isConnected && !list.contains(document.activeElement)) list.replaceWith(document.adoptNode(fresh));
  });
  request.send();
};

whenReady(() => {
  setInterval(() => { if (!document.hidden) all("[data-live]").forEach(refreshList); }, 4000);
  setInterval(refreshTimes, 30_000);
  all("[data-state-url]").forEach((place) => watchState(place));
  // The answer to a form that must not be sent twice: reloading goes to the list instead.
  const once = document.querySelector("[data-once]");
  if (once) history.replaceState(null, "", once.dataset.once);
});
