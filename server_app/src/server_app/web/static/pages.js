// What HTML and htmx cannot do: times that stay current, the chosen row marked, unfolded events kept open.
"use strict";

const STEPS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

function relative(moment) {
  const age = (Date.now() - moment) / 1000;
  const step = STEPS.find(([length]) => age >= length);
  return step ? `${Math.floor(age / step[0])} ${step[1]} ago` : "just now";
}

function showTimes() {
  for (const time of document.querySelectorAll("time:has([data-relative])")) {
    time.querySelector("[data-relative]").textContent = relative(Date.parse(time.dateTime));
  }
}

function markChosen() {
  const opened = document.getElementById("opened");
  for (const row of document.querySelectorAll("a.session")) {
    if (opened && row.dataset.session === opened.dataset.session) {
      row.setAttribute("aria-current", "true");
    } else {
      row.removeAttribute("aria-current");
    }
  }
}

let unfolded = [];

document.addEventListener("htmx:beforeSwap", () => {
  unfolded = Array.from(document.querySelectorAll("details[open][id]"), (details) => details.id);
});

document.addEventListener("htmx:afterSwap", () => {
  for (const id of unfolded) {
    const details = document.getElementById(id);
    if (details) {
      details.open = true;
    }
  }
  showTimes();
  markChosen();
});

function online(yes) {
  document.querySelector(".offline").hidden = yes;
}

document.addEventListener("htmx:sendError", () => online(false));
document.addEventListener("htmx:responseError", (event) => online(event.detail.xhr.status < 500));
document.addEventListener("htmx:afterRequest", (event) => event.detail.successful && online(true));

setInterval(showTimes, 1000);
showTimes();
markChosen();
