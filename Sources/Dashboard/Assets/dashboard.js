// Refreshes the live numbers while the page is seen. Everything else stands in the page already.
"use strict";

(function () {
  const everyMilliseconds = 30000;
  const main = document.getElementById("main");
  const notice = document.getElementById("notice");
  let failures = 0;
  let timer = null;
  let said = "";

  /** Says something once, where a screen reader hears it. */
  function say(text, action) {
    if (text === said) return;
    said = text;
    const paragraph = document.createElement("p");
    paragraph.className = "notice";
    paragraph.textContent = text;
    if (action) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Show them";
      button.addEventListener("click", () => location.reload());
      paragraph.append(" ", button);
    }
    notice.replaceChildren(paragraph);
  }

  function put(live) {
    for (const place of document.querySelectorAll("[data-live]")) {
      const text = live.fields[place.dataset.live];
      if (text !== undefined && place.textContent !== text) place.textContent = text;
    }
    if ((live.record || "") !== (main.dataset.record || "")) {
      say("Newer numbers are there for the rest of this page.", true);
    } else if (said.startsWith("No connection")) {
      said = "";
      notice.replaceChildren();
    }
  }

  async function refresh() {
    const query = new URLSearchParams({ project_id: main.dataset.project });
    try {
      const response = await fetch("live.json?" + query, { credentials: "same-origin", cache: "no-cache" });
      if (response.status === 401 || response.status === 404) {
        clearInterval(timer);
        say("You are signed out, or the project is gone. Load the page again to go on.");
        return;
      }
      if (!response.ok) throw new Error(String(response.status));
      put(await response.json());
      failures = 0;
    } catch {
      failures += 1;
      if (failures === 3) say("No connection to Millrace: the numbers stand still. It is tried again by itself.");
    }
  }

  function start() {
    clearInterval(timer);
    if (document.hidden) return;
    timer = setInterval(refresh, everyMilliseconds);
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refresh();
    start();
  });
  start();
})();
