// Menus and tabs as the ARIA authoring practices describe them. Without a script they are <details> and sections.
const menuItems = (panel) => all("[data-items] a, [data-items] button", panel).filter((item) => !item.hidden);

const closeMenu = (button, returnFocus = false) => {
  button.panel.hidden = true;
  button.setAttribute("aria-expanded", "false");
  if (returnFocus) button.focus();
};
const closeMenus = (but) => all("[aria-haspopup=menu][aria-expanded=true]").filter((b) => b !== but).forEach((b) => closeMenu(b));

const openMenu = (button, last = false) => {
  closeMenus(button);
  button.panel.hidden = false;
  button.setAttribute("aria-expanded", "true");
  menuItems(button.panel).at(last ? -1 : 0)?.focus();
};

const step = (list, delta) => {
  const at = list.indexOf(document.activeElement);
  list[(at + delta + list.length) % list.length]?.focus();
};

const menuKeys = (button, event) => {
  const list = menuItems(button.panel);
  const moves = {
    ArrowDown: () => step(list, 1), ArrowUp: () => step(list, -1), Home: () => list.at(0).focus(), End: () => list.at(-1).focus(),
    Escape: () => closeMenu(button, true),
  };
  if (event.key === "Tab") return closeMenu(button);
  if (moves[event.key]) { event.preventDefault(); event.stopPropagation(); return moves[event.key](); }
  if (event.key.length !== 1 || event.key === " " || event.ctrlKey || event.metaKey) return;
  event.stopPropagation();
  const from = list.indexOf(document.activeElement) + 1;
  [...list.slice(from), ...list.slice(0, from)].find((item) => item.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
};

// <details> becomes a button and a menu; nothing moves on the page.
const upgradeMenu = (details) => {
  const summary = details.querySelector("summary");
  const panel = details.querySelector(".panel");
  const button = make("button", { type: "button", "aria-haspopup": "menu", "aria-expanded": "false" });
  for (const { name, value } of [...summary.attributes]) button.setAttribute(name, value);
  button.append(...summary.childNodes);
  button.panel = panel;
  panel.hidden = true;
  const items = panel.querySelector("[data-items]");
  items.setAttribute("role", "menu");
  items.setAttribute("aria-labelledby", button.id);
  for (const item of menuItems(panel)) { item.setAttribute("role", "menuitem"); item.tabIndex = -1; }
  const menu = make("div", { class: details.className });
  menu.append(button, panel);
  details.replaceWith(menu);
  button.addEventListener("click", () => panel.hidden ? openMenu(button) : closeMenu(button));
  button.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    openMenu(button, event.key === "ArrowUp");
  });
  panel.addEventListener("keydown", (event) => menuKeys(button, event));
  panel.addEventListener("click", (event) => { if (event.target.closest("[role^=menuitem]")) closeMenu(button, true); });
};

const upgradeTabs = (box) => {
  const sections = [...box.children];
  const list = make("div", { class: "tablist", role: "tablist" });
  const tabs = sections.map((section) => make("button", {
    type: "button", role: "tab", id: section.id + "-tab", "aria-controls": section.id,
  }, section.querySelector("h3").textContent));
  const select = (chosen) => tabs.forEach((tab, at) => {
    tab.setAttribute("aria-selected", String(tab === chosen));
    tab.tabIndex = tab === chosen ? 0 : -1;
    sections[at].hidden = tab !== chosen;
  });
  sections.forEach((section, at) => { section.setAttribute("role", "tabpanel"); section.setAttribute("aria-labelledby", tabs[at].id); });
  list.append(...tabs);
  box.prepend(list);
  list.addEventListener("click", (event) => { const tab = event.target.closest("[role=tab]"); if (tab) select(tab); });
  list.addEventListener("keydown", (event) => {
    const delta = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!delta) return;
    step(tabs, delta);
    select(document.activeElement);
  });
  select(tabs[Math.max(0, sections.findIndex((section) => "#" + section.id === location.hash))]);
};

const showTheme = () => {
  const theme = keep.get("theme") || "system";
  for (const item of all("[data-theme-choice]")) {
    item.setAttribute("role", "menuitemradio");
    item.setAttribute("aria-checked", String(item.dataset.themeChoice === theme));
  }
};

on("click", "[data-theme-choice]", (item) => { keep.set("theme", item.dataset.themeChoice); setTheme(item.dataset.themeChoice); showTheme(); });
document.addEventListener("click", (event) => closeMenus(event.target.closest(".menu")?.querySelector("[aria-haspopup]")));
whenReady(() => {
  all("details[data-menu]").forEach(upgradeMenu);
  all("[data-tabs]").forEach(upgradeTabs);
  showTheme();
  // On a narrow screen the settings menu is a row that scrolls; it begins where one is.
  // By hand: scrollIntoView would let Tab begin there, behind the link that skips to the content.
  const here = document.querySelector(".side [aria-current]");
  if (here) here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - (here.parentElement.clientWidth - here.offsetWidth) / 2;
});
