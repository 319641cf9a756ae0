// Keys: g and a letter go to a settings page, / searches, ? lists them. The list has a switch that turns them off.
let awaiting = 0;
const keysOff = () => keep.get("keys") === "off";

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (keysOff()) return;
  const afterG = Date.now() - awaiting < 1500;
  awaiting = 0;
  if (afterG) {
    const link = all("[data-go]").find((place) => place.dataset.go === event.key);
    if (link) { event.preventDefault(); location.assign(link.href); }
  } else if (event.key === "g") {
    awaiting = Date.now();
  } else if (event.key === "?") {
    openKeys(event);
  } else if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) { event.preventDefault(); search.focus(); }
  }
});

const openKeys = (event) => {
  event.preventDefault();
  document.getElementById("keys")?.showModal();
};
on("click", "[data-open-keys]", (_, event) => openKeys(event));
on("change", "[data-keys-switch]", (box) => keep.set("keys", box.checked ? "on" : "off"));
whenReady(() => all("[data-keys-switch]").forEach((box) => { box.checked = !keysOff(); box.defaultChecked = box.checked; }));
