"use strict";
// First, before the page is painted: the theme that was chosen, and the sign that there is a script.
const root = document.documentElement;
const keep = {
  get(name) { try { return localStorage.getItem(name); } catch { return null; } },
  remove(name) { try { localStorage.removeItem(name); } catch { /* nothing is kept */ } },
  set(name, value) { try { localStorage.setItem(name, value); } catch { /* a browser that keeps nothing */ } },
};
const setTheme = (theme) => {
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  else delete root.dataset.theme;
};
root.classList.add("js");
setTheme(keep.get("theme"));

// What the other parts share.
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const whenReady = (work) => document.addEventListener("DOMContentLoaded", work);
const on = (type, selector, work) => document.addEventListener(type, (event) => {
  const target = event.target instanceof Element && event.target.closest(selector);
  if (target) work(target, event);
});
const setIcon = (button, name) => button.querySelector("use").setAttribute("href", "#" + name);
const make = (tag, attributes = {}, text = "") => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
};

// What the eye sees in place, the ear hears here.
const announce = (text) => {
  let voice = document.getElementById("voice");
  if (!voice) {
    voice = make("p", { id: "voice", class: "unseen", role: "status" });
    (document.querySelector("dialog[open]") || document.body).append(voice);
  }
  voice.textContent = "";
  setTimeout(() => { voice.textContent = text; }, 50);
};
